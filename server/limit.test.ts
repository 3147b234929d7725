import { expect, test } from 'vitest';
import { streamRequest } from './testing/raw-client.ts';
import { startServer, type TestServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

async function expectNothingOpen(server: TestServer): Promise<void> {
  await until('nothing is open', async () => {
    const { openStreams, openStreamsByWorkflow, openTails } = await server.health();
    return openStreams === 0 && openTails === 0 && Object.keys(openStreamsByWorkflow).length === 0;
  });
  expect(server.parts.registry.openByWorkflow.size).toBe(0);
}

/** All slots are there again, and not one more. */
async function expectAllSlotsFree(server: TestServer): Promise<void> {
  await expectNothingOpen(server);
  const clients = Array.from({ length: 6 }, () => server.stream('flow'));
  const statuses = await Promise.all(clients.map((client) => client.answered()));
  expect(statuses.sort()).toEqual([200, 200, 200, 200, 200, 429]);
  for (const { socket } of clients) socket.destroy();
  await expectNothingOpen(server);
}

test('of 50 at once exactly 5 are let in', async () => {
  const server = await startServer();
  const clients = Array.from({ length: 50 }, () => server.stream('flow'));
  const statuses = await Promise.all(clients.map((client) => client.answered()));
  expect(statuses.filter((status) => status === 200)).toHaveLength(5);
  expect(statuses.filter((status) => status === 429)).toHaveLength(45);
  expect((await server.health()).openStreamsByWorkflow).toEqual({ flow: 5 });
  expect(await server.stream('another').answered()).toBe(200);
  for (const { socket } of clients) socket.destroy();
  await server.close();
});

test('a rejection says which limit, and when to come back', async () => {
  const server = await startServer({ limit: 1, retryMs: 2500 });
  await server.stream('flow').answered();
  const response = await fetch(`${server.url}/api/events/flow/stream`);
  expect(response.status).toBe(429);
  expect(response.headers.get('retry-after')).toBe('3');
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await response.json()).toEqual({
    error: 'too many open streams',
    limit: 1,
    scope: 'workflow',
    workflowId: 'flow',
  });
  await server.close();
});

const fiveTimes = async (server: TestServer, end: (n: number) => Promise<void>) => {
  await Promise.all(Array.from({ length: 5 }, (_, n) => end(n)));
  await expectAllSlotsFree(server);
};

test('slots come back, whichever way the client leaves', async () => {
  const server = await startServer();
  // FIN
  await fiveTimes(server, async () => {
    const client = server.stream('flow');
    await client.answered();
    client.socket.end();
  });
  // RST
  await fiveTimes(server, async () => {
    const client = server.stream('flow');
    await client.answered();
    client.socket.resetAndDestroy();
  });
  // gone before the first byte, at different moments
  for (let round = 0; round < 10; round += 1) {
    await fiveTimes(server, async (n) => {
      const client = server.client();
      await until('it is connected', () => !client.socket.connecting);
      await new Promise<void>((sent) => client.socket.write(streamRequest('flow'), () => sent()));
      if (n % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.destroy();
    });
  }
  // in the middle of a request
  await fiveTimes(server, async () => {
    const client = server.client({ request: 'GET /api/events/flow/stream HTTP/1.1\r\nHo' });
    await until('it is connected', () => !client.socket.connecting);
    client.socket.destroy();
  });
  // two requests on one socket: the second one's response waits behind an endless first one
  await fiveTimes(server, async () => {
    const client = server.client({ request: streamRequest('flow') + streamRequest('flow') });
    await client.answered();
    client.socket.destroy();
  });
  // a body that goes on for ever
  await fiveTimes(server, async () => {
    const request = streamRequest('flow', { 'Content-Length': '1000000' });
    const client = server.client({ request: request + 'x'.repeat(300_000) });
    await client.answered();
    client.socket.destroy();
  });
  await server.close();
});

test('a second stream on a socket that has one is refused when its turn comes, and takes no slot', async () => {
  const server = await startServer({ maxDurationMs: 200 });
  const client = server.client({ request: streamRequest('flow') + streamRequest('flow') });
  await client.answered();
  expect(await server.health()).toMatchObject({ openStreams: 1, openStreamsByWorkflow: { flow: 1 } });
  await client.closed();
  expect(client.text).toMatch(/max_duration_exceeded[\s\S]*HTTP\/1\.1 409 Conflict\r\n/);
  await expectAllSlotsFree(server);
  await server.close();
});

test('slots come back after the deadline, while the connection lives on', async () => {
  const server = await startServer({ maxDurationMs: 50 });
  const clients = Array.from({ length: 5 }, () => server.stream('flow'));
  await Promise.all(clients.map((client) => until('the stream ends', () => client.isComplete)));
  await expectNothingOpen(server);
  expect(clients.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false, false]);
  // The same connection serves the next stream.
  clients[0]?.send(streamRequest('flow'));
  await until('a second response', () => (clients[0]?.text.match(/HTTP\/1\.1 200 OK/g) ?? []).length === 2);
  await server.close();
});

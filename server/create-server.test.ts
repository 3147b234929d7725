import { createHash } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { getRequest } from './testing/raw-client.ts';
import { startServer, type TestServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.close());

const get = (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init);

/** Sends a path as it is; a URL parser would resolve the dots in it. */
async function getRaw(path: string): Promise<{ status: number | null; text: string }> {
  const client = server.client({
    request: `GET ${path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`,
  });
  await client.closed();
  return { status: client.status, text: client.text };
}

describe('what is not there', () => {
  test.each(['/nope', '/api/events/a/b/stream', '/api/events/a/stream/', '/api/events/a/', '/HEALTH'])(
    '%s is 404 with JSON',
    async (path) => {
      const { status, text } = await getRaw(path);
      expect(status).toBe(404);
      expect(text).toContain('Content-Type: application/json');
    },
  );

  test.each([
    '/api/events//stream',
    '/api/events/../stream',
    '/api/events/%2e%2e/stream',
    '/api/events/..%2f..%2fetc%2fpasswd/stream',
    '/api/events/%252e%252e/stream',
    '/api/events/a%00/stream',
    '/api/events/%zz/stream',
    '/api/events/.git/stream',
    'http://test/api/events/../stream',
  ])('%s is 400 with JSON', async (path) => {
    const { status, text } = await getRaw(path);
    expect(status).toBe(400);
    expect(text).toContain('"error":"a workflow id is');
  });

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is 405 and says what is allowed', async (method) => {
    for (const path of ['/', '/health', '/api/workflows', '/api/events/a/stream']) {
      const response = await get(path, { method });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
      expect(await response.json()).toHaveProperty('error');
    }
  });

  test('what is no HTTP is 400, and the server goes on', async () => {
    const client = server.client({ request: 'what is this\r\n\r\n' });
    await client.closed();
    expect(client.status).toBe(400);
    expect((await get('/health')).status).toBe(200);
  });
});

test('HEAD answers with the head alone and takes no slot', async () => {
  const client = server.client({
    request: 'HEAD /api/events/a/stream HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n',
  });
  await client.closed();
  expect(client.text).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream; charset=utf-8\r\n/);
  expect(client.text).toMatch(/\r\n\r\n$/);
  expect(await server.health()).toMatchObject({ openStreams: 0, openTails: 0 });

  const health = await get('/health', { method: 'HEAD' });
  expect(health.status).toBe(200);
  expect(await health.text()).toBe('');
});

test('HEAD is refused as GET would be, and neither takes a slot nor counts as rejected', async () => {
  const limited = await startServer({ limit: 2, retryMs: 2500 });
  const head = () => fetch(`${limited.url}/api/events/flow/stream`, { method: 'HEAD' });
  await limited.stream('flow').answered();
  expect((await head()).status).toBe(200);
  expect(await limited.stream('flow').answered()).toBe(200);
  const refused = await head();
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('3');
  expect(await refused.text()).toBe('');
  expect(await limited.health()).toMatchObject({ openStreams: 2, rejected: 0 });
  await limited.close();
});

describe('a stream goes on behind the last event', () => {
  const lines = ['{"n":1}\n', '{"n":2}\n', '{"n":3}\n'];
  const cases: [string, string, Record<string, string>, number][] = [
    ['of the query', '?lastEventId=8', {}, 2],
    ['of the header', '', { 'Last-Event-ID': '16' }, 3],
    ['of the header rather than of the query', '?lastEventId=8', { 'Last-Event-ID': '16' }, 3],
    ['of the first of two in the query', '?a=b&lastEventId=16&lastEventId=8', {}, 3],
  ];
  test.each(cases)('%s', async (_what, query, headers, first) => {
    const resumed = await startServer();
    resumed.append('flow', lines.join(''));
    const stream = resumed.client({ request: getRequest(`/api/events/flow/stream${query}`, headers) });
    await stream.received('{"n":3}');
    expect(stream.body).toBe(
      `retry: 3000\n\n${lines
        .map((line, n) => `id: ${8 * (n + 1)}\ndata: ${line}\n`)
        .slice(first - 1)
        .join('')}`,
    );
    await resumed.close();
  });

  test.each(['', 'x', '-8', '8.0', '1e3', '0x8', '9999999999999999', '%0a8', '8%20'])(
    'but not behind %j, which is no id',
    async (id) => {
      const fresh = await startServer();
      fresh.append('flow', lines.join(''));
      const stream = fresh.client({ request: getRequest(`/api/events/flow/stream?lastEventId=${id}`) });
      await stream.received('{"n":3}');
      expect(stream.body).toContain('{"n":1}');
      expect(stream.body).not.toContain('event: reset');
      await fresh.close();
    },
  );

  test('where the id does not fit the file, a reset says so', async () => {
    const reset = await startServer();
    reset.append('flow', lines.join(''));
    const stream = reset.client({ request: getRequest('/api/events/flow/stream?lastEventId=9') });
    await stream.received('{"n":3}');
    expect(stream.body).toContain('event: reset\nid: 0\n');
    expect(stream.body).toContain('{"n":1}');
    await reset.close();
  });
});

describe('of requests written at once', () => {
  /** How many of them Node made a request and a response of. */
  async function made(count: number): Promise<number> {
    let madeCount = 0;
    const onRequest = () => void (madeCount += 1);
    const path = '/api/events/never/..%2f';
    subscribe('http.server.request.start', onRequest);
    try {
      const last = getRequest(path, { Connection: 'close' });
      const client = server.client({ request: getRequest(path).repeat(count - 1) + last });
      await client.closed();
      return madeCount;
    } finally {
      unsubscribe('http.server.request.start', onRequest);
    }
  }

  test('a few are all read', async () => {
    expect(await made(10)).toBe(10);
  });

  test('those behind the seventeenth are not even read, and the server goes on', async () => {
    expect(await made(1000)).toBe(17);
    // Parsers are used again: the next connections have it.
    for (let round = 0; round < 3; round += 1) expect(await made(10)).toBe(10);
  });
});

test.each([
  ['0', []],
  ['1', ['{"n":3}']],
  ['9', ['{"n":2}', '{"n":3}']], // no more than without it
  ['-1', ['{"n":2}', '{"n":3}']],
])('a stream starts with as many events as it asks for: %s', async (recent, expected) => {
  const asked = await startServer({ recentEvents: 2 });
  asked.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n');
  const stream = asked.client({ request: getRequest(`/api/events/flow/stream?recent=${recent}`) });
  await stream.received('retry:');
  await until('the log is open', async () => (await asked.health()).openTails === 1);
  if (expected.length > 0) await stream.received('{"n":3}');
  await until('the next one', () => {
    asked.append('flow', '{"n":4}\n');
    return stream.body.includes('{"n":4}');
  });
  const data = [...stream.body.matchAll(/^data: (.*)$/gm)].map(([, line]) => line);
  expect(data.filter((line) => line !== '{"n":4}')).toEqual(expected);
  await asked.close();
});

test('a query and an absolute target lead to the same route', async () => {
  expect((await get('/health?now=1')).status).toBe(200);
  expect((await getRaw(`http://test/health`)).status).toBe(200);
});

test('/health counts what is open, how streams ended and what was rejected', async () => {
  const counted = await startServer({ limit: 1 });
  const stream = counted.stream('flow');
  expect(await stream.answered()).toBe(200);
  expect(await counted.stream('flow').answered()).toBe(429);
  expect(await counted.health()).toMatchObject({
    status: 'ok',
    openStreams: 1,
    openStreamsByWorkflow: { flow: 1 },
    openTails: 1,
    ended: { client_closed: 0, max_duration_exceeded: 0, server_shutdown: 0, slow_consumer: 0 },
    rejected: 1,
  });
  expect((await counted.health()).uptimeSeconds).toBeGreaterThan(0);
  stream.socket.destroy();
  await until('nothing is open', async () => (await counted.health()).openStreams === 0);
  expect(await counted.health()).toMatchObject({
    openStreamsByWorkflow: {},
    openTails: 0,
    ended: { client_closed: 1 },
  });
  expect(counted.parts.registry.openByWorkflow.size).toBe(0);
  await counted.close();
});

test('each connection is logged with an id when it opens, is rejected or closes', async () => {
  const logged = await startServer({ limit: 1 });
  logged.append('flow', '{"n":1}\n');
  const stream = logged.stream('flow');
  await stream.received('data: {"n":1}');
  await logged.stream('flow').answered();
  stream.socket.destroy();
  await until('it is logged', () => logged.log.length >= 3);
  const [opened, rejected, closed] = logged.log;
  expect(opened).toMatchObject({ msg: 'stream opened', workflowId: 'flow' });
  expect(opened?.connectionId).toMatch(/^[0-9a-f]{8}$/);
  expect(rejected).toMatchObject({ msg: 'stream rejected', workflowId: 'flow', limit: 1 });
  expect(closed).toMatchObject({
    msg: 'stream closed',
    connectionId: opened?.connectionId,
    reason: 'client_closed',
    events: 1,
    bytes: 'retry: 3000\n\nid: 8\ndata: {"n":1}\n\n'.length,
    durationMs: expect.any(Number),
  });
  await logged.close();
});

test('/api/workflows lists folders with a valid name', async () => {
  const listed = await startServer();
  mkdirSync(join(listed.dir, 'b'));
  mkdirSync(join(listed.dir, 'a'));
  mkdirSync(join(listed.dir, '.git'));
  writeFileSync(join(listed.dir, 'notes'), '');
  await listed.stream('a').answered();
  const list = await (await fetch(`${listed.url}/api/workflows`)).json();
  expect(list).toEqual({
    workflows: [
      { workflowId: 'a', openStreams: 1 },
      { workflowId: 'b', openStreams: 0 },
    ],
    limit: 5,
    truncated: false,
  });
  await listed.close();
  const empty = await startServer({ dir: join(listed.dir, 'missing') });
  const nothing = await (await fetch(`${empty.url}/api/workflows`)).json();
  expect(nothing).toEqual({ workflows: [], limit: 5, truncated: false });
  await empty.close();
});

test('a long list is cut, and says so', async () => {
  const listed = await startServer();
  for (let n = 0; n < 1001; n += 1) mkdirSync(join(listed.dir, `w${n}`));
  const list = (await (await fetch(`${listed.url}/api/workflows`)).json()) as {
    workflows: unknown[];
    truncated: boolean;
  };
  expect(list.workflows).toHaveLength(1000);
  expect(list.truncated).toBe(true);
  await listed.close();
});

test('the page runs its own script and style, and nothing else', async () => {
  const response = await get('/');
  const html = await response.text();
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  const policy = response.headers.get('content-security-policy');
  expect(policy).toContain(`default-src 'none'`);
  for (const tag of ['script', 'style']) {
    const [, content] = new RegExp(`<${tag}[^>]*>(.*)</${tag}>`, 's').exec(html) ?? [];
    const hash = createHash('sha256')
      .update(content ?? '')
      .digest('base64');
    expect(policy).toContain(`${tag}-src 'sha256-${hash}'`);
  }
  const [, script] = /<script type="module">(.*)<\/script>/s.exec(html) ?? [];
  expect(() => new Script(script ?? 'no script')).not.toThrow();
  expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write/);
  expect(html).not.toMatch(/^(import|export) /m);
  // Benches and floods load it thousands of times.
  expect(Buffer.byteLength(html)).toBeLessThan(40_000);
});

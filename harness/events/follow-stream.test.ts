import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { eventLines, startServer, type TestServer } from '../../server/testing/start-server.ts';
import { until } from '../../server/testing/until.ts';
import { HydrotestError } from '../errors.ts';
import { backoffMs } from './backoff.ts';
import { followStream } from './follow-stream.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(...options: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer({ retryMs: 20, ...options[0] }, options[1], options[2]);
  servers.push(server);
  return server;
}

/** Follows in the background, and keeps what came. */
function follow(address: string) {
  const controller = new AbortController();
  const events: string[] = [];
  const notices: string[] = [];
  const stream = followStream({
    url: new URL(address),
    signal: controller.signal,
    onNotice: (text) => void notices.push(text),
  });
  const ended = (async () => {
    for await (const batch of stream) events.push(...batch);
  })();
  return {
    events,
    notices,
    ended,
    has: (text: string) => until(text, () => events.some((event) => event.includes(text))),
    told: (text: string) => until(text, () => notices.some((notice) => notice.includes(text))),
    async stop() {
      controller.abort();
      await ended;
    },
  };
}
const addressOf = ({ url }: TestServer, query = '') => `${url}/api/events/flow/stream${query}`;
const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, n) => `{"n":${from + n}}`);

describe('follows', () => {
  test('from as many events as it was told, across deadlines, each event once', async () => {
    const server = await start({ maxDurationMs: 80 });
    server.append('flow', '{"n":1}\n{"n":2}\n{"n":3}\n');
    const client = follow(addressOf(server, '?recent=2'));
    await client.has('3');
    for (let n = 4; n <= 12; n += 1) {
      server.append('flow', `{"n":${n}}\n`);
      await client.has(`"n":${n}}`);
    }
    await client.told('max_duration_exceeded');
    await client.told('connected again');
    server.append('flow', '{"n":13}\n');
    await client.has('13');
    expect(client.events).toEqual(numbered(2, 13));
    await client.stop();
    await until('its stream is gone', async () => (await server.health()).openStreams === 0);
  });

  test('a server that is started again, and a log that was replaced', async () => {
    const first = await start();
    first.append('flow', '{"n":1}\n{"n":2}\n');
    const client = follow(addressOf(first));
    await client.has('2');
    await first.stop();
    await client.told('server_shutdown');
    await client.told('ECONNREFUSED');
    first.append('flow', '{"n":3}\n');
    const second = await start({ dir: first.dir }, undefined, first.port);
    await client.has('3');
    expect(client.events).toEqual(numbered(1, 3));
    await second.stop();
    await until(
      'it is away',
      () => client.notices.filter((text) => text.includes('ECONNREFUSED')).length > 1,
    );
    writeFileSync(`${first.dir}/flow/events.jsonl`, '{"new":1}\n');
    await start({ dir: first.dir }, undefined, first.port);
    await client.told('begins anew');
    await client.has('{"new":1}');
    await client.stop();
  });

  test('waits while there are too many streams', async () => {
    const server = await start({ limit: 1, retryMs: 20 });
    server.append('flow', '{"n":1}\n');
    const other = server.stream('flow');
    await other.answered();
    const client = follow(addressOf(server));
    await client.told('429: too many open streams'); // and does not give up: it would have rejected
    await client.stop();
  });

  test('takes no more than is asked for: to the server it is a slow reader, which comes back where it was', async () => {
    const server = await start({ stallMs: 100, recentEvents: 1_000_000 });
    const eventCount = 12_000;
    server.append('flow', eventLines(eventCount, 1024));
    const controller = new AbortController();
    const stream = followStream({
      url: new URL(addressOf(server)),
      signal: controller.signal,
      onNotice: () => undefined,
    });
    const numbers: number[] = [];
    const take = async () => {
      const { value = [] } = await stream.next();
      for (const event of value) numbers.push((JSON.parse(event) as { n: number }).n);
    };
    await take();
    await until('the server gives it up', async () => (await server.health()).ended.slow_consumer === 1);
    while (numbers.length < eventCount) await take();
    expect(numbers).toEqual(Array.from({ length: eventCount }, (_, n) => n));
    controller.abort();
    expect((await stream.next()).done).toBe(true);
  });
});

describe('gives up', () => {
  const failure = (address: string) =>
    follow(address).ended.then(
      () => null,
      (error: unknown) => error,
    );

  test.each([
    ['another kind of answer', 200, 'text/html', 'the answer is text/html, not text/event-stream'],
    ['an address that is none', 404, 'application/json', 'the server answered 404: what is this'],
    ['a workflow that is none', 400, 'application/json', 'the server answered 400: what is this'],
  ])('on %s', async (_what, status, type, message) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'Content-Type': type, Connection: 'close' });
      response.end('{"error":"what is this"}');
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const error = await failure(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    expect(error).toBeInstanceOf(HydrotestError);
    expect((error as Error).message).toContain(message);
    await new Promise((closed) => server.close(closed));
  });

  test('where nobody listens', async () => {
    const server = await start();
    await server.stop();
    const error = await failure(addressOf(server));
    expect((error as HydrotestError).code).toBe('target-start');
    expect((error as Error).message).toMatch(/cannot be reached: .*ECONNREFUSED.*--url/);
  });
});

test('waits longer each time, never too long, and as long as the server asks', () => {
  const most = (failures: number, baseMs: number | null, askedMs: number | null = null) =>
    backoffMs(failures, baseMs, askedMs, () => 1);
  expect([0, 1, 2, 3].map((failures) => most(failures, 100))).toEqual([100, 200, 400, 800]);
  expect(most(0, null)).toBe(1000);
  expect(most(1000, 3000)).toBe(30_000);
  expect(backoffMs(0, 100, null, () => 0)).toBe(50);
  expect(most(0, 100, 7000)).toBe(7000);
  expect(most(0, 100, 1e9)).toBe(300_000);
});

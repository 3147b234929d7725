import { afterEach, describe, expect, test } from 'vitest';
import { getRequest, openRawClient, type RawClient, streamRequest } from './testing/raw-client.ts';
import { openGoodClients, type ServerProcess, startProcess } from './testing/server-process.ts';
import { until } from './testing/until.ts';

const servers: ServerProcess[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
async function start(options: string[] = [], how: Parameters<typeof startProcess>[1] = {}) {
  const server = await startProcess(options, how);
  servers.push(server);
  return server;
}

const logged = (server: ServerProcess, msg: string) => server.log().filter((line) => line.msg === msg);
const half = 'GET / HTTP/1.1\r\nHost: test\r\n';

/** Each attack: what its connections send, what they may get, and what the log calls it. */
const attacks: [string, () => string | Buffer, number[], string][] = [
  ['half a request', () => half, [408], 'connection refused'],
  ['silence', () => '', [408], 'connection refused'],
  ['garbage', () => Buffer.from([0, 255, 13, 10, 27, 91, 50, 74]), [400], 'connection refused'],
  ['a TLS hello', () => Buffer.from('160301006c010000680303', 'hex'), [400], 'connection refused'],
  ['a header of 32 KiB', () => `${half}X: ${'x'.repeat(32_768)}\r\n\r\n`, [431], 'connection refused'],
  ['3,000 headers', () => `${half}${'X: 12345\r\n'.repeat(3_000)}\r\n`, [431], 'connection refused'],
  ['a target of 32 KiB', () => `GET /${'x'.repeat(32_768)}`, [414], 'connection refused'],
  ['a target of 5,000 bytes', () => getRequest(`/${'x'.repeat(5_000)}`), [414], 'request refused'],
  [
    'a body that never ends',
    () => getRequest('/health', { 'Content-Length': '9999999' }),
    [413],
    'request refused',
  ],
  [
    'a body in chunks, asked for before',
    () => getRequest('/health', { 'Transfer-Encoding': 'chunked', Expect: '100-continue' }),
    [413],
    'request refused',
  ],
];

describe('an attack costs the good clients nothing, and leaves nothing', () => {
  test('one kind after the other, 40 connections of each', async () => {
    const server = await start(['--head-timeout', '0.8']);
    const good = await openGoodClients(server, 'flow', 3);
    good.feed();
    await good.haveAll();
    const fdsBefore = server.fdCount();
    for (const [what, bytes, statuses, message] of attacks) {
      const bad = Array.from({ length: 40 }, () => openRawClient({ port: server.port }));
      for (const client of bad) client.socket.write(bytes());
      good.feed();
      const visitor = openRawClient({ port: server.port, request: streamRequest('visited') });
      expect(await visitor.answered(), what).toBe(200);
      visitor.socket.destroy();
      await Promise.all(bad.map((client) => client.closed()));
      expect([...new Set(bad.map(({ status }) => status))], what).toEqual(statuses);
      good.feed();
      await good.haveAll();
      expect(logged(server, message).length, what).toBeGreaterThan(0);
    }
    // Two messages, each once: what came behind the first is counted until the period of 10 s is over.
    expect(logged(server, 'connection refused').length).toBeLessThanOrEqual(2);
    expect(logged(server, 'request refused').length).toBeLessThanOrEqual(2);
    expect(/\p{Cc}/u.test(server.lines.join(''))).toBe(false);
    await until('the descriptors are back', () => server.fdCount() <= fdsBefore);
    expect(await server.health()).toMatchObject({ openStreams: 3, openTails: 1 });
    good.close();
  });

  test('a thousand requests at once on one connection: it is ended, and none is kept', async () => {
    const server = await start();
    const good = await openGoodClients(server, 'flow', 1);
    const behind = Array.from({ length: 1000 }, (_, n) => streamRequest(`w${n}`)).join('');
    const bad = openRawClient({ port: server.port, request: behind });
    await bad.closed();
    await until('its streams are gone', async () => (await server.health()).openStreams === 1);
    expect(logged(server, 'stream opened').length).toBeLessThanOrEqual(2);
    expect(logged(server, 'connection ended: too many requests at once')).toHaveLength(1);
    good.feed();
    await good.haveAll();
    good.close();
  });

  test('with 64 descriptors: those who wait make room, streams too many get 503, and all come back', async () => {
    const server = await start([], { shell: 'ulimit -n 64;' });
    const good = await openGoodClients(server, 'flow', 2);
    good.feed(); // the file that is followed is open from now on
    await good.haveAll();
    const fdsBefore = server.fdCount();
    const bad: RawClient[] = [];
    for (let n = 0; n < 150; n += 1) bad.push(openRawClient({ port: server.port, request: half }));
    await until('most of them are gone', () => bad.filter(({ isClosed }) => isClosed).length > 120);
    good.feed();
    const visitor = openRawClient({ port: server.port, request: streamRequest('visited') });
    expect(await visitor.answered()).toBe(200);
    const greedy = Array.from({ length: 60 }, (_, n) =>
      openRawClient({ port: server.port, request: streamRequest(`greedy-${n}`) }),
    );
    await Promise.all(greedy.map((client) => client.answered()));
    const answers = greedy.map(({ status }) => status);
    expect(answers).toContain(200);
    expect(answers).toContain(503);
    good.feed();
    await good.haveAll();
    expect(server.fdCount()).toBeLessThanOrEqual(64);
    for (const { socket } of [...bad, ...greedy, visitor]) socket.destroy();
    await until('the descriptors are back', () => server.fdCount() <= fdsBefore);
    expect(server.child.exitCode).toBeNull();
    good.close();
  });
});

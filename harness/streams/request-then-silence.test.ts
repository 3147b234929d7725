import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { tcpEnd } from './testing/tcp-table.ts';
import { until } from './testing/until.ts';

const file = serverOfFile(behaviours);

test('its request arrives, and it takes nothing of the answer', async () => {
  const silent = file.open('request-then-silence', '/hello', { headers: { 'X-Team': 'a' } });
  const clean = file.open('graceful-close', '/end-and-keep-alive');
  expect(await clean.receives(1)).toBe(true);
  await until('the request is there', () => (file.server.connections[0]?.takenBytes ?? 0) > 0);
  expect(file.server.only('/hello').request).toMatch(/^GET \/hello HTTP\/1\.1\r\n[\s\S]*X-Team: a\r\n\r\n$/);
  expect(file.server.only('/hello').end).toBeNull();
  silent.end();
  clean.end();
  expect(await silent.ended).toMatchObject({
    behaviour: 'request-then-silence',
    ending: 'client',
    status: null,
    firstByteMs: null,
    byteCount: 0,
    error: null,
  });
  expect(await silent.answered).toBeNull();
  await clean.ended;
  await until('the server saw the RST', () => file.server.only('/hello').end === 'rst');
});

test.skipIf(process.platform !== 'linux')(
  'all that was sent stays with the kernel; of a reader, nothing (Linux: /proc/net/tcp)',
  async () => {
    const port = Number(new URL(file.server.url('/')).port);
    const unread = (path: string) => {
      const connection = file.server.connections.find((one) => one.path === path);
      return connection === undefined ? undefined : tcpEnd(connection.clientPort, port)?.unreadBytes;
    };
    const silent = file.open('request-then-silence', '/hello');
    const clean = file.open('graceful-close', '/offsets');
    await until('all of it is there', () => {
      const sent = file.server.connections.find((one) => one.path === '/hello')?.takenBytes ?? 0;
      return sent > 0 && unread('/hello') === sent;
    });
    expect(await clean.receives(4)).toBe(true);
    expect(unread('/offsets')).toBe(0);
    silent.end();
    clean.end();
    await silent.ended;
    await clean.ended;
  },
);

test('a server that ends it is not noticed', async () => {
  const silent = file.open('request-then-silence', '/end-of-length');
  const reset = file.open('request-then-silence', '/reset-without-answer');
  await until('the server has left', () =>
    file.server.connections.some((one) => one.path === '/reset-without-answer' && one.sentBytes !== null),
  );
  silent.end();
  reset.end();
  expect(await silent.ended).toMatchObject({ ending: 'client', status: null });
  expect(await reset.ended).toMatchObject({ ending: 'client', status: null });
});

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { connectAndReset } from './flood.ts';

test('each connect comes to the server, and ends with a reset', async () => {
  const ends: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? ''));
    socket.on('end', () => ends.push('end'));
    socket.resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => connectAndReset(port)));
  expect([...new Set(outcomes)]).toEqual(['left']);
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(20);
  expect([...new Set(ends)]).toEqual(['ECONNRESET']);
  server.close();
  await once(server, 'close');
  expect(await connectAndReset(port)).toBe('refused');
});

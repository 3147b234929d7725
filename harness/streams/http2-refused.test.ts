import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { protocolPlanOf } from '../protocol-options.ts';
import { openStream } from './open-stream.ts';
import { openSocketCount, until } from './testing/until.ts';

test('streams that are refused and dropped in the same moment are over, with their connections', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(429, { 'retry-after': '1' });
    response.end('full');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const protocol = protocolPlanOf({ protocol: 'sse-h2' });
  const socketCount = openSocketCount();
  for (let round = 0; round < 5; round++) {
    const streams = Array.from({ length: 20 }, () =>
      openStream('abrupt-drop', { url, headers: {}, protocol }),
    );
    await Promise.all(streams.map(({ answered }) => answered));
    // Some of them have been closed by now, and others are about to be.
    for (const stream of streams) stream.end();
    for (const { status } of await Promise.all(streams.map(({ ended }) => ended))) expect(status).toBe(429);
  }
  await until('no connection is left', () => openSocketCount() === socketCount);
  server.close();
  await once(server, 'close');
}, 15_000);

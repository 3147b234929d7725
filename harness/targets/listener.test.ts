import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { watchListener } from './listener.ts';

describe.skipIf(process.platform !== 'linux')('a listener that is watched', () => {
  it('is lost when its socket is closed, though its process lives; and not before', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const find = watchListener((server.address() as AddressInfo).port);
    expect(find()).toBe(null);
    server.close();
    await once(server, 'close');
    expect(find()).toEqual({ was: process.pid, lives: true, is: null });
  });
});

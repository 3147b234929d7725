import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { findListener, stillListens } from './listener.ts';

describe.skipIf(process.platform !== 'linux')('a listener', () => {
  it('listens no more when its socket is closed, though its process lives; and not before', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const listener = findListener(port, process.pid);
    if (listener === null) throw new Error('nobody listens');
    expect(listener.pid).toBe(process.pid);
    expect(stillListens(listener)).toBe(true);
    server.close();
    await once(server, 'close');
    expect(stillListens(listener)).toBe(false);
    expect(findListener(port, process.pid)).toBe(null);
  });
});

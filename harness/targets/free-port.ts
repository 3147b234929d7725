import { once } from 'node:events';
import { createServer } from 'node:net';
import { HydrotestError } from '../errors.ts';

/**
 * A TCP port on 127.0.0.1 that was free a moment ago. Another process may take it before it is used; the kernel hands
 * out ephemeral ports in a random order, so that this is rare.
 */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') {
    throw new HydrotestError('internal', 'listening on 127.0.0.1 port 0 gave no port');
  }
  return address.port;
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { HydrotestError } from '../errors.ts';

/**
 * Below every system's range for outgoing connections (Linux: from 32768, RFC 6335: from 49152), and below the ports of our
 * inspectors: there any client of this machine, our own streams first, could take a port between the look at it and
 * its use.
 */
const FIRST_PORT = 10_000;
const PORT_COUNT = 10_000;
const MAX_TRIES = 100;

/** A TCP port on 127.0.0.1 that was free a moment ago. Another server may take it before it is used, which is rare. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = FIRST_PORT + randomInt(PORT_COUNT);
    if (await isFree(port)) return port;
  }
  throw new HydrotestError(
    'target-start',
    `of ${MAX_TRIES} ports from ${FIRST_PORT} to ${FIRST_PORT + PORT_COUNT - 1} none is free: end what listens there, or give the target a port of its own.`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}

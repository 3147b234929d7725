/**
 * Preloaded (`--import`) into a server that runs with --expose-gc, and into its children, which inherit both. Connects back to
 * TRUTH_PORT, and answers each line that comes from there with one reading, as a line of JSON.
 */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TruthReading } from './server-process.ts';

/** Finalizers, weak maps and what they held each take a collection and a turn of the loop to go. */
const COLLECTIONS = 5;
const TURN_MS = 20;

const channel = connect(Number(process.env.TRUTH_PORT), '127.0.0.1');
channel.unref();
channel.on('error', () => {});
// Also when the measurement was killed, no server stays behind.
channel.on('close', () => process.exit());
channel.on('data', async () => {
  for (let n = 0; n < COLLECTIONS; n++) {
    collect();
    await sleep(TURN_MS);
  }
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const reading: TruthReading = {
    keptBytes: heapUsed + arrayBuffers,
    socketCount: process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length,
    fdCount: readdirSync('/proc/self/fd').length,
  };
  channel.write(`${JSON.stringify(reading)}\n`);
});

/** The thorough kind: the usual one keeps compiled code for a while, and with it the 5 MB source of Node's TypeScript stripper. */
function collect(): void {
  if (globalThis.gc === undefined) throw new Error('the server was started without --expose-gc');
  globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

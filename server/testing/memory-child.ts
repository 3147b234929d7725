/**
 * A server in a process of its own, started with `--expose-gc` over the folder that is its argument, that answers every
 * message with what it holds. Its second argument may plant a fault: `keep` holds 16 KiB for each stream, `grow` leaves the
 * young generation to V8.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { pino } from 'pino';
import { createServer } from '../create-server.ts';
import { createParts } from '../parts.ts';
import { defaultSettings } from '../settings.ts';
import { keepYoungGenerationSmall } from '../young-generation.ts';

export interface Held {
  /** Of the first answer. */
  port: number;
  /** Live heap and what its objects hold outside of it. */
  liveBytes: number;
  /** What the space for new objects takes of the machine. */
  youngBytes: number;
}

const [dir = '', fault = ''] = process.argv.slice(2);
if (fault !== 'grow') keepYoungGenerationSmall();
const parts = createParts({ ...defaultSettings, dir, limit: 10_000 }, pino({ level: 'silent' }));
const kept: Buffer[] = [];
const server = createServer({
  ...parts,
  openStream(options) {
    if (fault === 'keep') kept.push(Buffer.alloc(16 * 1024));
    return parts.openStream(options);
  },
});
const port = Number(new URL(await server.listen(0, '127.0.0.1')).port);

process.on('message', async () => {
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space');
  for (let round = 0; round < 4; round += 1) {
    await turn();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  const held: Held = { port, liveBytes: heapUsed + external, youngBytes: young?.physical_space_size ?? 0 };
  process.send?.(held);
});
process.on('disconnect', () => process.exit());

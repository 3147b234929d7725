/** A process with one client: warms up on a good server, meets a bad one, and says how that ended and how much it grew. */
import { once } from 'node:events';
import { flood } from '../../harness/flood.ts';
import { behaviours } from '../../harness/streams/behaviours.ts';
import { floodLine, recordLine } from '../../harness/testing/hostile-server/lines.ts';
import type { ClientName, Meeting, Met } from './messages.ts';

const SAMPLE_MS = 10;
const WARM_EVENT_COUNT = 2_000;
const WARM_REQUEST_COUNT = 300;
const REQUEST_COUNT = 3;
/** For a connection that does not come to its end, so that the process does. */
const MOST_WARM_MS = 20_000;

const [{ client, goodUrl, url, watchMs }] = (await once(process, 'message')) as [Meeting];
await meet(client, goodUrl, MOST_WARM_MS, true);
const idleBytes = process.memoryUsage.rss();
let highestBytes = idleBytes;
const look = () => {
  highestBytes = Math.max(highestBytes, process.memoryUsage.rss());
};
const timer = setInterval(look, SAMPLE_MS);
const line = await meet(client, url, watchMs, false);
clearInterval(timer);
look();
process.send?.({ line, grownBytes: highestBytes - idleBytes } satisfies Met, () => process.exit());

async function meet(name: ClientName, at: string, mostMs: number, warms: boolean): Promise<string> {
  if (name === 'flood') {
    const count = warms ? WARM_REQUEST_COUNT : REQUEST_COUNT;
    return floodLine(
      await flood(at, { count, connections: REQUEST_COUNT, headers: {} }, new AbortController().signal),
    );
  }
  const stream = behaviours[name === 'raw' ? 'graceful-close' : 'tab'].open({ url: at, headers: {} });
  const end = setTimeout(() => stream.end(), mostMs);
  if (warms) {
    if (!(await stream.receives(WARM_EVENT_COUNT))) throw new Error('the good stream ended');
    stream.end();
  }
  const record = await stream.ended;
  clearTimeout(end);
  return recordLine(record);
}

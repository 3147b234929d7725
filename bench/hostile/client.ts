/** A process with one client: warms up on a good server, meets a bad one, and says how that ended and how much it held and grew. */
import { once } from 'node:events';
import { flood } from '../../harness/flood.ts';
import { behaviours } from '../../harness/streams/behaviours.ts';
import { floodLine, recordLine } from '../../harness/testing/hostile-server/lines.ts';
import type { ClientName, Meeting, Met } from './messages.ts';

const SAMPLE_MS = 25;
/** A collection takes as long as there is much to keep: it may not leave the client without time. */
const REST_PER_LOOK = 3;
const WARM_EVENT_COUNT = 2_000;
const WARM_REQUEST_COUNT = 300;
const REQUEST_COUNT = 3;
/** For a connection that does not come to its end, so that the process does. */
const MOST_WARM_MS = 20_000;

const [{ client, goodUrl, url, watchMs }] = (await once(process, 'message')) as [Meeting];
await meet(client, goodUrl, MOST_WARM_MS, true);
const idle = reading();
const highest = { ...idle };
/** What V8 has not collected yet says how fast the server was: held is what a collection leaves. */
const look = () => {
  const startedMs = performance.now();
  const { heldBytes, rssBytes } = reading();
  highest.heldBytes = Math.max(highest.heldBytes, heldBytes);
  highest.rssBytes = Math.max(highest.rssBytes, rssBytes);
  timer = setTimeout(look, Math.max(SAMPLE_MS, REST_PER_LOOK * (performance.now() - startedMs)));
};
let timer = setTimeout(look, SAMPLE_MS);
const line = await meet(client, url, watchMs, false);
look();
clearTimeout(timer);
const met: Met = {
  line,
  heldBytes: highest.heldBytes - idle.heldBytes,
  grownBytes: highest.rssBytes - idle.rssBytes,
};
process.send?.(met, () => process.exit());

function reading(): { heldBytes: number; rssBytes: number } {
  const rssBytes = process.memoryUsage.rss();
  if (globalThis.gc === undefined) throw new Error('start this process with --expose-gc');
  // Buffers are given back beside the first, and counted by the second.
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heldBytes: heapUsed + external, rssBytes };
}

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

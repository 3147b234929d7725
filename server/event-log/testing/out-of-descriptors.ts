/**
 * Run under a low `ulimit -n`: takes every descriptor there is, subscribes, gives them back once the failure has been
 * logged and asked for again, and prints what came of it as JSON.
 */
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventLog } from '../event-log.ts';

const [dir = ''] = process.argv.slice(2);
const warned: string[] = [];
const logger = {
  info: () => undefined,
  warn: (_facts: unknown, message?: unknown) => void warned.push(String(message)),
};
const log = createEventLog({ dir, logger, pollMs: 5 });

const taken: number[] = [];
try {
  for (;;) taken.push(openSync('/dev/null', 'r'));
} catch {
  // EMFILE: there are none left.
}
let eventCount = 0;
const deliver = (batch: { eventCount: number }) => {
  eventCount += batch.eventCount;
  return true;
};
log.subscribe('w', { recentEvents: 10 }, { deliver, reset: () => undefined });
while (!warned.some((message) => message.startsWith('cannot open'))) await sleep(5);
await sleep(100); // some twenty polls, which must not log it again
const eventCountWithout = eventCount;
for (const fd of taken) closeSync(fd);
while (eventCount === 0) await sleep(5);
await log.close();
process.stdout.write(JSON.stringify({ takenCount: taken.length, warned, eventCountWithout, eventCount }));

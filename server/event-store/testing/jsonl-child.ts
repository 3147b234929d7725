/**
 * A store over the folder that is its argument, in a process that is to be killed. It stores each event that a message brings, and
 * archives all the time, what the last `archive` message named.
 */
import { createJsonlStore } from '../jsonl-store.ts';

export type ToChild = { archive: number } | { key: string; line: string };
export type FromChild = 'ready' | { key: string; id: number };

const [dir = ''] = process.argv.slice(2);
const logger = { info: () => {}, warn: () => {} };
const store = createJsonlStore({ dir, logger, freeAfterMs: 0 });
let beforeMs = 0;

process.on('message', async (message: ToChild) => {
  if ('archive' in message) {
    beforeMs = message.archive;
    return;
  }
  const { key, line } = message;
  const { ids } = await store.append('w', [{ key, line: Buffer.from(line) }]);
  process.send?.({ key, id: ids[0] });
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
for (;;) {
  await store.archiveOlderThan(beforeMs);
  await new Promise(setImmediate);
}

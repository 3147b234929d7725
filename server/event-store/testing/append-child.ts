/** Appends to the folder that is its argument: a small event, some that are more than its process may write to a file, a small one. */
import { createJsonlStore } from '../jsonl-store.ts';
import { event } from './store-folder.ts';

const [dir = ''] = process.argv.slice(2);
const logger = { info: () => {}, warn: () => {} };
const store = createJsonlStore({ dir, logger, freeAfterMs: 0 });
const filler = 'x'.repeat(5000);
const results: unknown[] = [];
for (const events of [[event(1)], [event(2, { filler }), event(3, { filler })], [event(4)]]) {
  results.push(await store.append('w', events).catch(({ code }: NodeJS.ErrnoException) => code));
}
await store.close();
process.stdout.write(JSON.stringify(results));

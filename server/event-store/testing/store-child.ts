/**
 * A process to be killed: `import <dir>`, `append <database> <from> <to>` or `archive <database> <beforeMs>`. Writes a line to standard
 * output when it begins, and one after each append with the last number that was acknowledged.
 */
import { writeSync } from 'node:fs';
import { importCommand } from '../import-command.ts';
import { createSqliteStore } from '../sqlite-store.ts';
import { killedEvent } from './killed-event.ts';

const logger = { info: () => undefined, warn: () => undefined };
const MOST_AT_ONCE = 40;

const [mode = '', where = '', first = '', last = ''] = process.argv.slice(2);
const tell = (text: string) => writeSync(1, `${text}\n`);
tell('begun');
if (mode === 'import') process.exitCode = await importCommand(['--dir', where]);
else {
  const store = createSqliteStore({ path: where, logger });
  if (mode === 'archive') await store.archiveOlderThan(Number(first));
  else {
    for (let n = Number(first); n <= Number(last); ) {
      const count = Math.min(1 + (n % MOST_AT_ONCE), Number(last) - n + 1);
      const events = Array.from({ length: count }, (_, index) => killedEvent(n + index));
      await store.append('w', events);
      n += count;
      tell(String(n - 1));
    }
  }
  await store.close();
}
tell('done');

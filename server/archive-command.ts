import { Command, CommanderError, Option } from 'commander';
import { pino } from 'pino';
import { openStore } from './event-store/open-store.ts';
import { amount, seconds } from './options.ts';
import { dayMs } from './retention.ts';
import { defaultSettings, storeKinds } from './settings.ts';

const examples = `
The archive of events.jsonl is <workflow>/archive/events-<file>-<from>-<to>.jsonl.gz: read it with
  $ zcat agents/my-workflow/archive/events-*.jsonl.gz
A server may run meanwhile, and agents may write. Archived events are served no more; the space of the log is
given back by the first run that comes --free-after seconds later, when no stream reads there any more.`;

/**
 * `archive --older-than <days>`: archives once, and says what it did. Exit code 0: done; 1: not all of it, or another process is at it;
 * 2: wrong options.
 */
export async function archiveCommand(
  argv: readonly string[],
  { stdout, stderr }: Record<'stdout' | 'stderr', { write(text: string): unknown }> = process,
): Promise<number> {
  const program = new Command('server archive')
    .description('Moves the oldest events of every workflow into its archive.')
    .requiredOption('--older-than <days>', 'events made before that', amount('days', 0, 36_500))
    .option('--dir <folder>', 'folder that holds a folder for each workflow', defaultSettings.dir)
    .addOption(
      new Option('--store <kind>', 'where the events are: events.jsonl of each workflow, or <dir>/events.db')
        .choices(storeKinds)
        .default(defaultSettings.store),
    )
    .addOption(
      new Option(
        '--free-after <seconds>',
        'how long streams may still read what was archived; 0: none is open',
      )
        .argParser((text) => (text === '0' ? 0 : seconds(text)))
        .default(defaultSettings.maxDurationMs, String(defaultSettings.maxDurationMs / 1000)),
    )
    .addHelpText('after', examples)
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: () => {} })
    .exitOverride();
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    stderr.write(`${error.message.replaceAll('\n', ' ')}\n`);
    return 2;
  }
  const { olderThan, dir, store, freeAfter } = program.opts();
  const logger = pino({ base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
  try {
    const { eventStore } = openStore({ dir, store, maxDurationMs: freeAfter, lingerMs: 0 }, logger);
    try {
      const archived = await eventStore.archiveOlderThan(Date.now() - olderThan * dayMs);
      const { eventCount, workflowCount, bytes } = archived;
      stdout.write(`archived ${eventCount} events of ${workflowCount} workflows, ${bytes} bytes\n`);
    } finally {
      await eventStore.close();
    }
    return 0;
  } catch (error) {
    stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

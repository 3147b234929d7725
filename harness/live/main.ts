/**
 * The process of the live view: follows the journal of a run, judges it again and again, and serves the page. It is a process of
 * its own, so that the one that measures is not disturbed, and ends with it.
 */
import { followJournal } from './follow-journal.ts';
import { startLiveServer } from './live-server.ts';
import { look } from './live-state.ts';
import type { FromLive, ToLive } from './messages.ts';

const LOOK_INTERVAL_MS = 1000;

/** Judging a long run takes longer: it gets this part of a core at most. */
const MAX_BUSY_RATIO = 0.2;

/** How long pages may take to get the last state. */
const FAREWELL_MS = 3000;

function send(message: FromLive): void {
  process.send?.(message, () => {});
}

async function serve(journalPath: string): Promise<void> {
  const journal = followJournal(journalPath);
  let record = journal.readNew();
  if (record === null) throw new Error(`${journalPath} is empty`);
  const server = await startLiveServer(look(record, 'running'));
  let over = false;
  let timer = setTimeout(again, LOOK_INTERVAL_MS);

  function again(): void {
    const began = performance.now();
    try {
      const next = journal.readNew();
      if (next !== null) {
        record = next;
        server.show(look(record, 'running'));
      }
    } catch (error) {
      send({ type: 'failed', reason: messageOf(error) });
      process.exit(1);
    }
    const tookMs = performance.now() - began;
    timer = setTimeout(again, Math.max(LOOK_INTERVAL_MS, tookMs / MAX_BUSY_RATIO - tookMs));
  }

  async function end(state: 'ended' | 'lost', reportFile: string | null): Promise<void> {
    if (over) return;
    over = true;
    clearTimeout(timer);
    record = journal.readNew() ?? record;
    if (record !== null) server.show(look(record, state, reportFile));
    await server.close(FAREWELL_MS);
    journal.close();
    process.exit();
  }

  process.on('message', (message: ToLive) => void end('ended', message.reportFile));
  process.on('disconnect', () => void end('lost', null));
  if (process.connected) send({ type: 'ready', url: server.url });
  else await end('lost', null);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// A terminal's Ctrl-C reaches the whole group: the process that runs says when it is over.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
serve(process.argv[2] ?? '').catch((error: unknown) => {
  send({ type: 'failed', reason: messageOf(error) });
  process.exitCode = 1;
  process.disconnect?.();
});

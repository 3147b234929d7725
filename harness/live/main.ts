/**
 * The process of the live view: follows the journal of a run, judges it again and again, and serves the page. It is a process of
 * its own, so that the one that measures is not disturbed, and ends with it.
 */
import { constants, setPriority } from 'node:os';
import { messageOf } from '../errors.ts';
import { followJournal } from './follow-journal.ts';
import { startLiveServer } from './live-server.ts';
import { type LiveState, look } from './live-state.ts';
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
  let state: LiveState | null = null;
  let over = false;
  /** From when on the run may be judged again. */
  let freeAtMs = Number.NEGATIVE_INFINITY;
  let isStale = true;

  /** The run as it stands, judged anew where there is something new and the last time is long enough ago. */
  function fresh(): LiveState {
    const began = performance.now();
    if (state !== null && (!isStale || began < freeAtMs)) return state;
    if (record === null) throw new Error(`${journalPath} is empty`);
    state = look(record, 'running');
    isStale = false;
    const now = performance.now();
    freeAtMs = now + Math.max(0, (now - began) / MAX_BUSY_RATIO);
    return state;
  }

  const server = await startLiveServer(fresh);
  let timer = setTimeout(again, LOOK_INTERVAL_MS);

  function again(): void {
    try {
      const next = journal.readNew();
      if (next !== null) [record, isStale] = [next, true];
      // While nobody looks, nothing is judged.
      if (server.watcherCount > 0) server.show(fresh());
    } catch (error) {
      send({ type: 'failed', reason: messageOf(error) });
      process.exit(1);
    }
    timer = setTimeout(again, Math.max(LOOK_INTERVAL_MS, freeAtMs - performance.now()));
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

try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
} catch {
  // Not allowed here: then it runs as others do.
}

// A terminal's Ctrl-C reaches the whole group: the process that runs says when it is over.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
serve(process.argv[2] ?? '').catch((error: unknown) => {
  send({ type: 'failed', reason: messageOf(error) });
  process.exitCode = 1;
  process.disconnect?.();
});

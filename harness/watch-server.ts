import { readlinkSync } from 'node:fs';
import { HydrotestError } from './errors.ts';
import type { TargetEntry } from './model.ts';
import { type ProcessEntry, scanProcesses, selectTree } from './probes/process-tree.ts';
import { findListener, type Listener, stillListens } from './targets/listener.ts';
import { isProcessAlive, readCommand, readIdentity } from './targets/process-group.ts';
import type { Target } from './targets/target.ts';

export interface ServerNews {
  event: Exclude<TargetEntry['event'], 'ready'>;
  detail: string;
}

export interface ServerWatch {
  /** Aborted when there is no use in going on: its reason is a HydrotestError `target-lost`, told of as news before. */
  readonly signal: AbortSignal;
  /** Looks once more, and ends the watching. Idempotent. */
  close(): Promise<void>;
}

const LOOK_MS = 500;
/** A new process may have come without that an old one has gone: of these only a look at the whole table tells. */
const SCAN_EVERY = 10;

/** A person who stops a process and lets it go on is quicker, and a client that waits so long has gone. */
const STOPPED_LIMIT_MS = 5000;
/** How long nobody may listen: a supervisor needs a moment to start the next process, which is to be named. */
const UNHEARD_LIMIT_MS = 3000;

interface Member {
  pid: number;
  startTicks: number;
  command: string;
  executable: string | null;
  /** When it was first seen to be stopped; null: it runs. */
  stoppedAtMs: number | null;
}

/**
 * Watches what the processes of a server become while it is used, twice a second: stopped by a signal, replaced by others, or
 * without their listening socket. A stop that is shorter than a look goes by unseen. Linux only; elsewhere there is no news.
 * The end of the root process is not its business (`watchTarget`).
 */
export function watchServer(target: Target, port: number, onNews: (news: ServerNews) => void): ServerWatch {
  const over = new AbortController();
  if (process.platform !== 'linux') return { signal: over.signal, async close() {} };

  const members = new Map<number, Member>();
  let listener = findListener(port, target.pid);
  const serverExecutable = listener === null ? null : readExecutable(listener.pid);
  let unheardSinceMs: number | null = null;
  let looks = 0;
  let closed = false;

  const finish = (event: ServerNews['event'], detail: string) => {
    onNews({ event, detail });
    over.abort(new HydrotestError('target-lost', detail));
  };
  const withOutput = (text: string) => {
    const output = target.lastOutput();
    return output === '' ? text : `${text}; its last output:\n${output}`;
  };

  async function scan(): Promise<void> {
    const tree = selectTree(await scanProcesses(), target.pid, { includeGroup: target.kind === 'spawned' });
    const fresh = tree.filter(
      ({ pid, startTicks, zombie }) => !zombie && members.get(pid)?.startTicks !== startTicks,
    );
    const ended = [...members.values()].filter(({ pid, startTicks }) => !isProcessAlive(pid, startTicks));
    for (const { pid } of ended) members.delete(pid);
    const added = fresh.map(memberOf);
    for (const member of added) members.set(member.pid, member);
    for (const old of ended.filter(isServer)) {
      // The listener's own end is told by `listen`.
      if (old.pid === listener?.pid) continue;
      const heir = added.find(({ command }) => command === old.command);
      if (heir === undefined) continue;
      added.splice(added.indexOf(heir), 1);
      onNews({
        event: 'replaced',
        detail: `process ${old.pid} (${old.command}) ended and process ${heir.pid} took its place: what was read before and after is no series`,
      });
    }
  }

  /** A server's helper, such as a browser or a pager, may come, go and be stopped as it likes. */
  function isServer({ pid, executable }: Member): boolean {
    return pid === target.pid || serverExecutable === null || executable === serverExecutable;
  }

  function lookForStops(): void {
    for (const member of members.values()) {
      const identity = readIdentity(member.pid);
      if (identity === null || identity.startTicks !== member.startTicks || !isServer(member)) continue;
      const name = `process ${member.pid} (${member.command})`;
      const isStopped = identity.state === 'T' || identity.state === 't';
      if (isStopped && member.stoppedAtMs === null) {
        member.stoppedAtMs = performance.now();
        const by = identity.state === 't' ? 'a debugger' : 'a signal such as SIGSTOP';
        const text = `${name} was stopped by ${by} (state ${identity.state}): it answers nobody until it gets SIGCONT`;
        onNews({ event: 'stopped', detail: withOutput(text) });
      } else if (!isStopped && member.stoppedAtMs !== null) {
        const seconds = secondsSince(member.stoppedAtMs);
        member.stoppedAtMs = null;
        onNews({ event: 'continued', detail: `${name} went on after about ${seconds} s` });
      } else if (isStopped && member.stoppedAtMs !== null) {
        if (performance.now() - member.stoppedAtMs < STOPPED_LIMIT_MS) continue;
        finish(
          'stopped',
          `${name} was still stopped ${secondsSince(member.stoppedAtMs)} s later, and was not waited for any longer`,
        );
        return;
      }
    }
  }

  function listen(isLast: boolean): void {
    if (listener === null || stillListens(listener)) {
      unheardSinceMs = null;
      return;
    }
    const isAlive = isProcessAlive(listener.pid, listener.startTicks);
    const next = findListener(port, target.pid);
    if (next === null) {
      unheardSinceMs ??= performance.now();
      if (!isLast && performance.now() - unheardSinceMs < UNHEARD_LIMIT_MS) return;
    }
    if (isAlive) goOn(listener, next);
    else {
      const now = next === null ? 'nobody does now' : `process ${next.pid} does now: it was restarted`;
      finish(
        'lost',
        withOutput(`process ${listener.pid}, which listened on port ${port}, is gone, and ${now}`),
      );
    }
  }

  function goOn(before: Listener, next: Listener | null): void {
    if (next === null) {
      finish(
        'lost',
        withOutput(
          `process ${before.pid} lives but does not listen on port ${port} any more: new clients are refused`,
        ),
      );
      return;
    }
    listener = next;
    unheardSinceMs = null;
    if (next.pid === before.pid) return;
    onNews({
      event: 'replaced',
      detail: `process ${next.pid} listens on port ${port} now in the place of process ${before.pid}: what was read before and after is no series`,
    });
  }

  async function look(isLast: boolean): Promise<void> {
    // Its end has a report of its own, with its exit code.
    if (!target.isAlive() || over.signal.aborted) return;
    const someEnded = [...members.values()].some(({ pid, startTicks }) => !isProcessAlive(pid, startTicks));
    if (isLast || someEnded || looks % SCAN_EVERY === 0) await scan();
    looks += 1;
    lookForStops();
    if (!over.signal.aborted) listen(isLast);
  }

  let last = look(false);
  let pending = false;
  const timer = setInterval(() => {
    if (pending) return;
    pending = true;
    last = last
      .then(() => look(false))
      .finally(() => {
        pending = false;
      });
  }, LOOK_MS);
  return {
    signal: over.signal,
    async close() {
      if (!closed) {
        closed = true;
        clearInterval(timer);
        last = last.then(() => look(true));
      }
      await last;
    },
  };
}

function memberOf({ pid, startTicks }: ProcessEntry): Member {
  return { pid, startTicks, command: commandOf(pid), executable: readExecutable(pid), stoppedAtMs: null };
}

const COMMAND_CHARS = 160;

function commandOf(pid: number): string {
  const words = readCommand(pid) ?? '';
  return words.length > COMMAND_CHARS ? `${words.slice(0, COMMAND_CHARS)}…` : words;
}

function readExecutable(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return null;
  }
}

function secondsSince(ms: number): string {
  return ((performance.now() - ms) / 1000).toFixed(1);
}

/**
 * Process entry. Clears away what the harness has started when the harness is gone, however it went: also by SIGKILL, of
 * which no handler in the harness can know. The harness holds the other end of this process's stdin; the kernel closes it
 * with the harness, and that end of file is the sign. On an orderly stop the harness clears up itself and ends this process.
 *
 * Arguments: folder to remove (empty: none), repository whose record of checkouts in that folder goes with it (empty: none).
 * A line of stdin names a process group that is to be ended: `<group id> <start ticks of its leader, or nothing>`. They come
 * while the harness works, so that this process is there before what it is there for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { endGroup, readIdentity } from './process-group.ts';

/** Together with the poll of `endGroup` below 5 s, in which a target has to be gone. */
const GRACE_MS = 2000;

/** What was just being written when the harness went may be made once more. */
const LOOK_AGAIN_MS = 100;
const LOOKS = 3;

const [folder = '', repository = ''] = process.argv.slice(2);

// The session is its own, so Ctrl-C does not come here. What is sent to all processes of a name must not come
// through either: the end of file always does, so that this process never outlives its purpose.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

let told = '';
process.stdin.setEncoding('utf8').on('data', (text: string) => {
  told += text;
});
for (const event of ['end', 'close', 'error']) process.stdin.on(event, release);

let released = false;
async function release(): Promise<void> {
  if (released) return;
  released = true;
  // A line without its line feed was being written when the harness went: its number may lack digits.
  const groups = told.split('\n').slice(0, -1).map(parse);
  try {
    await Promise.allSettled(groups.filter(isStillOurs).map(({ groupId }) => endGroup(groupId, GRACE_MS)));
  } finally {
    if (folder !== '') await removeFolder();
    if (repository !== '') await forgetCheckouts();
    process.exit();
  }
}

interface Group {
  groupId: number;
  startTicks: number | null;
}

function parse(line: string): Group {
  const [id = '', ticks = ''] = line.split(' ');
  return { groupId: Number(id), startTicks: ticks === '' ? null : Number(ticks) };
}

/**
 * A group's id is not given to another process while the group has members. So a leader with another start time
 * means that the whole group ended and its number was used again: then nothing is signalled.
 */
function isStillOurs({ groupId, startTicks }: Group): boolean {
  if (!Number.isSafeInteger(groupId) || groupId <= 1) return false;
  const leader = readIdentity(groupId);
  return startTicks === null || leader === null || leader.startTicks === startTicks;
}

async function removeFolder(): Promise<void> {
  for (let look = 1; ; look++) {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    if (look === LOOKS) return;
    await sleep(LOOK_AGAIN_MS);
    if (!existsSync(folder)) return;
  }
}

async function forgetCheckouts(): Promise<void> {
  const git = spawn('git', ['worktree', 'prune'], { cwd: repository, stdio: 'ignore' });
  await once(git, 'exit').catch(() => {});
}

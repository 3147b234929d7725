/**
 * Process entry. Ends a spawned target when the harness is gone, however it went: also by SIGKILL, of which no
 * handler in the harness can know. The harness holds the other end of this process's stdin and never writes to it;
 * the kernel closes it with the harness, and that end of file is the sign. On an orderly stop the harness ends the
 * target itself and then this process.
 *
 * Arguments: group id, start ticks of its leader (empty: unknown), folder to remove (empty: none).
 */
import { rm } from 'node:fs/promises';
import { endGroup, isStillGroup } from './process-group.ts';

/** Together with the poll below 5 s, in which a target has to be gone. */
const GRACE_MS = 2000;

const [groupText = '', ticksText = '', folder = ''] = process.argv.slice(2);
const groupId = Number(groupText);
const startTicks = ticksText === '' ? null : Number(ticksText);

// The session is its own, so Ctrl-C does not come here. What is sent to all processes of a name must not come
// through either: the end of file always does, so that this process never outlives its purpose.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.stdin.resume();
for (const event of ['end', 'close', 'error']) process.stdin.on(event, release);

let released = false;
async function release(): Promise<void> {
  if (released) return;
  released = true;
  try {
    if (isStillTheTarget()) await endGroup(groupId, GRACE_MS, startTicks);
  } finally {
    if (folder !== '') await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    process.exit();
  }
}

function isStillTheTarget(): boolean {
  return Number.isSafeInteger(groupId) && groupId > 1 && isStillGroup(groupId, startTicks);
}

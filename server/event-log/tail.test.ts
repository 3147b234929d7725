import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { Poll, type Polled } from './poll.ts';
import { ReadBuffers } from './read-buffers.ts';
import { Tail } from './tail.ts';
import { LogFolder, numbered } from './testing/log-folder.ts';

const LOOKS = 5000;
/** An array of two is 64 bytes. */
const MAX_KEPT_BYTES_A_LOOK = 32;

/** Counts how often a tail says, at the end of a look, how soon it wants the next one. */
class CountingPoll extends Poll {
  count = 0;

  override keep(tail: Polled, needsEveryTime: boolean): void {
    this.count += 1;
    super.keep(tail, needsEveryTime);
  }
}

/** What the heap has gained with each of `LOOKS` looks of a tail at its file. */
async function keptBytesPerLook(afterLook: () => void): Promise<number> {
  const folder = new LogFolder();
  folder.append(numbered(1, 3));
  const { logger } = folder;
  const path = folder.path();
  const [poll, buffers] = [new CountingPoll(60_000), new ReadBuffers()];
  const tail = new Tail({
    workflowId: 'w',
    path,
    root: folder.root,
    logger,
    buffers,
    poll,
    maxLineBytes: 1000,
  });
  const look = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      const before = poll.count;
      tail.wake();
      while (poll.count === before) await turn();
      afterLook();
    }
  };
  try {
    await look(1000); // what is compiled or made once is there now
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;
    await look(LOOKS);
    await collectGarbage();
    return (process.memoryUsage().heapUsed - before) / LOOKS;
  } finally {
    await tail.close();
    await folder.remove();
  }
}

test('a look at the file leaves nothing, however many there are', async () => {
  expect(await keptBytesPerLook(() => {})).toBeLessThan(MAX_KEPT_BYTES_A_LOOK);
});

test('what a look keeps, shows', async () => {
  const kept: unknown[][] = [];
  expect(await keptBytesPerLook(() => kept.push([kept.at(-1), undefined]))).toBeGreaterThan(
    MAX_KEPT_BYTES_A_LOOK,
  );
});

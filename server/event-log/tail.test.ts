import { stat } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { Poll } from './poll.ts';
import { ReadBuffers } from './read-buffers.ts';
import { Tail } from './tail.ts';
import { LogFolder, numbered } from './testing/log-folder.ts';

const LOOKS = 5000;
/** An array of two is 64 bytes. */
const MAX_KEPT_BYTES_A_LOOK = 32;

/** What the heap has gained with each of `LOOKS` looks of a tail at its file. */
async function keptBytesPerLook(afterLook: () => void): Promise<number> {
  const folder = new LogFolder();
  folder.append(numbered(1, 3));
  const { logger } = folder;
  const path = folder.path();
  const [poll, buffers] = [new Poll(60_000), new ReadBuffers()];
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
      tail.wake();
      await stat(path); // the look asks for the same, and did so first
      await turn();
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

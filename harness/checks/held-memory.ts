import type { HeldEntry, ScenarioRecord } from '../model.ts';
import { levelOf } from '../verdict/observations.ts';

/** A reading counts where the number held changed by no more than this while it was taken. */
const MAX_CHANGE_RATIO = 0.05;

/** What a held stream costs the target: growth from nothing held to the highest load, divided by the streams. Null: not measured. */
export function memoryPerStream({ held, target }: ScenarioRecord): {
  heldCount: number;
  heapBytes: number | null;
  pssBytes: number | null;
} | null {
  const empty = held.find(({ moment }) => moment === 'empty');
  const full = held.filter(isSteady).findLast(({ moment }) => moment === 'held');
  if (empty === undefined || full === undefined || full.heldCountAfter === 0) return null;
  const heldCount = (full.heldCountBefore + full.heldCountAfter) / 2;
  const growth = (value: (entry: HeldEntry) => number | null) => {
    const [before, after] = [value(empty), value(full)];
    return before === null || after === null ? null : (after - before) / heldCount;
  };
  const isHeap = target.some(({ leakProbe }) => leakProbe === 'heap');
  return {
    heldCount,
    heapBytes: isHeap ? growth(({ reading }) => levelOf(reading, 'heap')) : null,
    pssBytes: growth(({ reading }) => reading.pssBytes ?? reading.rssBytes),
  };
}

function isSteady({ heldCountBefore, heldCountAfter }: HeldEntry): boolean {
  return Math.abs(heldCountAfter - heldCountBefore) <= MAX_CHANGE_RATIO * heldCountAfter;
}

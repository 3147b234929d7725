import type { HeldEntry, ScenarioRecord } from '../model.ts';
import { levelOf } from '../verdict/observations.ts';

/** A reading counts where the number held changed by no more than this while it was taken. */
const MAX_CHANGE_RATIO = 0.05;

/** What a held stream costs the target: growth from nothing held to the highest load, divided by the streams. Null: not measured. */
export function memoryPerStream(scenario: ScenarioRecord): {
  heldCount: number;
  heapBytes: number | null;
  pssBytes: number | null;
} | null {
  const pair = steadyPair(scenario);
  if (pair === null) return null;
  const { empty, full, heldCount } = pair;
  const growth = (value: (entry: HeldEntry) => number | null) => {
    const [before, after] = [value(empty), value(full)];
    return before === null || after === null ? null : (after - before) / heldCount;
  };
  const isHeap = scenario.target.some(({ leakProbe }) => leakProbe === 'heap');
  return {
    heldCount,
    heapBytes: isHeap ? growth(({ reading }) => levelOf(reading, 'heap')) : null,
    pssBytes: growth(({ reading }) => reading.pssBytes ?? reading.rssBytes),
  };
}

/** The reading with nothing held, and the last at the highest load. Null: one of them is missing. */
export function steadyPair({
  held,
}: ScenarioRecord): { empty: HeldEntry; full: HeldEntry; heldCount: number } | null {
  const empty = held.find(({ moment }) => moment === 'empty');
  const full = held.filter(isSteady).findLast(({ moment }) => moment === 'held');
  if (empty === undefined || full === undefined || full.heldCountAfter === 0) return null;
  return { empty, full, heldCount: (full.heldCountBefore + full.heldCountAfter) / 2 };
}

function isSteady({ heldCountBefore, heldCountAfter }: HeldEntry): boolean {
  return Math.abs(heldCountAfter - heldCountBefore) <= MAX_CHANGE_RATIO * heldCountAfter;
}

import type { HeldEntry, QuietReading, ScenarioRecord } from '../model.ts';
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
  const isHeap = scenario.target.some(({ leakProbe }) => leakProbe === 'heap');
  return {
    heldCount: pair.heldCount,
    heapBytes: isHeap ? growthPerStream(pair, (reading) => levelOf(reading, 'heap')) : null,
    pssBytes: growthPerStream(pair, (reading) => reading.pssBytes ?? reading.rssBytes),
  };
}

export interface SteadyPair {
  empty: HeldEntry;
  full: HeldEntry;
  heldCount: number;
}

/** From the one reading to the other, a stream. Null: one of them lacks the level. */
export function growthPerStream(
  { empty, full, heldCount }: SteadyPair,
  level: (reading: QuietReading) => number | null,
): number | null {
  const [before, after] = [level(empty.reading), level(full.reading)];
  return before === null || after === null ? null : (after - before) / heldCount;
}

/** The reading with nothing held, and the last at the highest load. Null: one of them is missing. */
export function steadyPair({ held }: ScenarioRecord): SteadyPair | null {
  const empty = held.find(({ moment }) => moment === 'empty');
  const full = held.filter(isSteady).findLast(({ moment }) => moment === 'held');
  if (empty === undefined || full === undefined || full.heldCountAfter === 0) return null;
  return { empty, full, heldCount: (full.heldCountBefore + full.heldCountAfter) / 2 };
}

function isSteady({ heldCountBefore, heldCountAfter }: HeldEntry): boolean {
  return Math.abs(heldCountAfter - heldCountBefore) <= MAX_CHANGE_RATIO * heldCountAfter;
}

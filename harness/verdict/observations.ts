import type { CycleEntry, Doses, QuietReading } from '../model.ts';
import type { LeakProbe } from './leak-delta.ts';

/** Fewer successes than this in a cycle, and the server did not do the work that its reading is to be held against. */
const MIN_LANDED_RATIO = 0.98;

/** A reading that can be used, with all that the target was given since the first counted cycle began. */
export interface Observation {
  elapsedMs: number;
  /** False: an idle cycle. */
  working: boolean;
  cumulative: Doses;
  levelBytes: number;
}

export interface Observations {
  usable: Observation[];
  workingCount: number;
  unusableWorkingCount: number;
  /** The target was given this in the warm-up and in the counted cycles. */
  warmupDoses: Doses;
  countedDoses: Doses;
  look: number;
  /** A working cycle did not land: it and what came after it is left out. */
  isCutShort: boolean;
}

/** Arranges the cycles of one path on one process, in order and with the warm-up, for the fits. */
export function observe(cycles: readonly CycleEntry[], probe: LeakProbe): Observations {
  const measured = cycles.filter((cycle) => !cycle.warmup);
  const failedIndex = measured.findIndex((cycle) => !hasLanded(cycle));
  const counted = failedIndex < 0 ? measured : measured.slice(0, failedIndex);
  const comparable = longestEpoch(counted);
  const processCount = comparable.find(({ reading }) => reading.heap !== null)?.reading.heap?.processCount;
  const usable: Observation[] = [];
  let [countedDoses, workingCount, unusableWorkingCount] = [noDoses(), 0, 0];
  for (const cycle of counted) {
    countedDoses = addDoses(countedDoses, cycle.doses);
    const working = cycle.plannedDose > 0;
    if (working) workingCount++;
    const levelBytes = levelOf(cycle.reading, probe);
    const sameHeaps = probe !== 'heap' || cycle.reading.heap?.processCount === processCount;
    if (levelBytes !== null && cycle.reading.settled && sameHeaps && comparable.includes(cycle)) {
      usable.push({ elapsedMs: cycle.elapsedMs, working, cumulative: countedDoses, levelBytes });
    } else if (working) unusableWorkingCount++;
  }
  return {
    usable,
    workingCount,
    unusableWorkingCount,
    warmupDoses: cycles
      .filter(({ warmup }) => warmup)
      .reduce((sum, { doses }) => addDoses(sum, doses), noDoses()),
    countedDoses,
    look: Math.max(1, ...counted.map(({ look }) => look)),
    isCutShort: failedIndex >= 0,
  };
}

/** Whether enough of a cycle's work did what it should; true of an idle cycle, in which nothing was to be done. */
export function hasLanded({ plannedDose, landedDose }: CycleEntry): boolean {
  return landedDose >= plannedDose * MIN_LANDED_RATIO;
}

/** What is held against the dose, in bytes; null: this reading does not have it. No process that serves holds nothing. */
export function levelOf(
  { heap, anonymousBytes, rssBytes, swapBytes }: QuietReading,
  probe: LeakProbe,
): number | null {
  const heapBytes = heap === null ? null : heap.usedBytes + heap.arrayBufferBytes;
  const residentBytes = rssBytes + (swapBytes ?? 0);
  const level = probe === 'heap' ? heapBytes : probe === 'anonymous' ? anonymousBytes : residentBytes;
  return level === null || level <= 0 ? null : level;
}

/**
 * The longest run of cycles on the same processes. The reading at which processes changed is left out of both sides:
 * a process that has just started is cold.
 */
export function longestEpoch(cycles: readonly CycleEntry[]): CycleEntry[] {
  const epochs: CycleEntry[][] = [[]];
  for (const cycle of cycles) {
    if (!cycle.sameProcesses) epochs.push([]);
    else epochs.at(-1)?.push(cycle);
  }
  return epochs.reduce((longest, epoch) => (epoch.length > longest.length ? epoch : longest));
}

function noDoses(): Doses {
  return { connection: 0, event: 0, rejection: 0, second: 0 };
}

function addDoses(a: Doses, b: Doses): Doses {
  return {
    connection: a.connection + b.connection,
    event: a.event + b.event,
    rejection: a.rejection + b.rejection,
    second: a.second + b.second,
  };
}

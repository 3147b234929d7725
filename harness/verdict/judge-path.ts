import type { CycleEntry, DrainEntry, LateRelease, LeakEvidence, LeakState, TimeToBudget } from '../model.ts';
import { estimateLeak } from './estimate-leak.ts';
import type { LeakProbe } from './leak-delta.ts';
import { levelOf } from './observations.ts';

/** All that is known about one path when it is judged. */
export interface PathCase {
  path: string;
  /** All cycles of the scenario in the order they were made: every path, every attempt, the warm-up included. */
  cycles: readonly CycleEntry[];
  /** All drain readings of the scenario. */
  drains: readonly DrainEntry[];
  probe: LeakProbe;
  budgetBytes: number;
  /** Null: 1 and 50 a second. */
  trafficPerSecond: number | null;
  /** True: hydrotest did not start the target, so the path was confirmed on the same process. */
  attached: boolean;
  /** True: the target never falls silent on this path, so that no drain can be read and none is asked for. */
  neverQuiet: boolean;
}

const DEFAULT_TRAFFIC = [1, 50];

/** Less than this of the growth came back: then the measured rate stands as it is. */
const ALL_KEPT_RATIO = 0.9;

/** Two levels have no interval. A kept rate that is so many times below δ is far from it by any noise that was measured. */
const SAFE_SHARE = 2;

/** These are settled by the first process; the others are measured again. */
const SETTLED: ReadonlySet<LeakState> = new Set(['stable', 'bounded', 'invalid']);

/** Whether a path has to be measured again, on another process, before anything is said of it. */
export function isUnsettled({ state }: LeakEvidence): boolean {
  return !SETTLED.has(state);
}

/**
 * The verdict on one path. What looks like a leak on one process is one if a later attempt, on a fresh process, shows it too, and
 * if it does not come back in the long wait behind that. What the first process leaves open is decided by a second one, which was
 * given more work.
 *
 * It cannot tell a leak from bytes that are held for longer than the wait, nor from a cache that is larger than all attempts.
 */
export function judgePath(pathCase: PathCase): LeakEvidence {
  const { path, cycles, probe } = pathCase;
  const own = cycles.filter((cycle) => cycle.path === path);
  const numbers = [...new Set(own.map(({ attempt }) => attempt))].sort((a, b) => a - b);
  const attempts = numbers.map((number) =>
    estimateLeak(
      own.filter(({ attempt }) => attempt === number),
      probe,
    ),
  );
  const leak = decide(attempts, numbers.at(-1) ?? 0, pathCase);
  return { ...leak, path, timeToBudget: timesToBudget(leak, pathCase) };
}

function decide(attempts: readonly LeakEvidence[], lastNumber: number, pathCase: PathCase): LeakEvidence {
  const [first, last] = [attempts[0] ?? estimateLeak([], pathCase.probe), attempts.at(-1)];
  if (!isUnsettled(first) || last === undefined) return first;
  const suspectAt = attempts.findIndex(({ state }) => state === 'leak');
  const suspect = attempts[suspectAt];
  const drains = pathCase.drains.filter(
    ({ attempt, paths }) => attempt === lastNumber && paths.includes(pathCase.path),
  );
  const onProcess = pathCase.cycles.filter(({ attempt }) => attempt === lastNumber);
  const release = releaseOf(onProcess, drains, pathCase.probe);
  // Nothing confirms what only the last attempt has shown.
  if (suspect === undefined || suspectAt === attempts.length - 1) {
    const state = last.state === 'leak' ? 'inconclusive' : last.state;
    return {
      ...last,
      release,
      state: state === 'inconclusive' && keptNothing(last, release, drains) ? 'late-release' : state,
    };
  }
  return confirm(suspect, last, release, drains, pathCase);
}

function confirm(
  suspect: LeakEvidence,
  again: LeakEvidence,
  release: LateRelease | null,
  drains: readonly DrainEntry[],
  { attached, neverQuiet }: PathCase,
): LeakEvidence {
  const { state, ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes, doseCount } = again;
  const result = (decided: LeakState, evidence: Partial<LeakEvidence> = {}): LeakEvidence => ({
    ...suspect,
    state: decided,
    release,
    confirmation: {
      freshProcess: !attached,
      state,
      ratePerUnitBytes,
      lowPerUnitBytes,
      highPerUnitBytes,
      doseCount,
    },
    // The confirmation has more work in it, so it tells the causes apart better.
    ...(again.cause === null ? {} : { cause: again.cause, rates: again.rates, confounded: again.confounded }),
    ...evidence,
  });
  if (cameBack(again, release)) return result('late-release');
  if (state === 'bounded') return result('bounded', { shape: again.shape, plateauBytes: again.plateauBytes });
  if (state !== 'leak') return result(keptNothing(again, release, drains) ? 'late-release' : 'inconclusive');
  if (release === null) return result(neverQuiet ? 'leak' : 'inconclusive');
  const kept = keptRatio(release);
  const rate = scale(again, kept);
  if ((rate.lowPerUnitBytes ?? 0) <= suspect.deltaBytes) return result('inconclusive');
  return result('leak', kept < ALL_KEPT_RATIO ? rate : {});
}

/**
 * Between two levels at rest so little was kept that it lies far below δ for the work done, however the level went up and down
 * in between.
 */
function keptNothing(
  leak: LeakEvidence,
  release: LateRelease | null,
  drains: readonly DrainEntry[],
): boolean {
  if (release === null || !drains.some(({ moment }) => moment === 'before')) return false;
  return release.keptBytes < (leak.deltaBytes * leak.doseCount) / SAFE_SHARE;
}

/** So little of the growth was still there after the wait that the rate of what was kept lies below δ. */
function cameBack(leak: LeakEvidence, release: LateRelease | null): boolean {
  if (release === null || release.releasedAfterMs === null || leak.state !== 'leak') return false;
  const { highPerUnitBytes } = scale(leak, keptRatio(release));
  return highPerUnitBytes !== null && highPerUnitBytes < leak.deltaBytes;
}

function scale({ ratePerUnitBytes, lowPerUnitBytes, highPerUnitBytes }: LeakEvidence, ratio: number) {
  const scaled = (bytes: number | null) => (bytes === null ? null : bytes * ratio);
  return {
    ratePerUnitBytes: scaled(ratePerUnitBytes),
    lowPerUnitBytes: scaled(lowPerUnitBytes),
    highPerUnitBytes: scaled(highPerUnitBytes),
  };
}

/** What came back of the growth of all paths on this process, as one wait cannot tell them apart; null: there was no wait. */
export function releaseOf(
  cycles: readonly CycleEntry[],
  drains: readonly DrainEntry[],
  probe: LeakProbe,
): LateRelease | null {
  const waits = drains.filter(({ moment }) => moment === 'after');
  const paths = waits[0]?.paths ?? [];
  const counted = cycles.filter(({ warmup, path }) => !warmup && paths.includes(path));
  // A level that was waited for is better than that of a cycle, which may hold something too.
  const base = drains.findLast(({ moment }) => moment === 'before') ?? counted[0];
  const baseBytes = base === undefined ? null : levelOf(base.reading, probe);
  const grown = waits.flatMap(({ waitedMs, reading }) => {
    const level = levelOf(reading, probe);
    return level === null || baseBytes === null ? [] : [{ waitedMs, bytes: level - baseBytes }];
  });
  const [start, end] = [grown[0], grown.at(-1)];
  if (start === undefined || end === undefined || baseBytes === null) return null;
  const rested = drains.some(({ moment }) => moment === 'before');
  const peakBytes = Math.max(0, ...counted.map(({ reading }) => (levelOf(reading, probe) ?? 0) - baseBytes));
  const grownBytes = rested ? Math.max(peakBytes, start.bytes) : start.bytes;
  // From one reading alone nothing is known to have come back, unless the level before was one at rest as well.
  if (!rested && (grown.length < 2 || grownBytes <= 0)) return null;
  const keptBytes = Math.min(grownBytes, Math.max(0, end.bytes));
  const halfBack = grownBytes - (grownBytes - keptBytes) / 2;
  const isBack = keptBytes < grownBytes * ALL_KEPT_RATIO;
  const releasedAt = isBack ? grown.find(({ bytes }) => bytes <= halfBack) : undefined;
  return { waitedMs: end.waitedMs, grownBytes, keptBytes, releasedAfterMs: releasedAt?.waitedMs ?? null };
}

export function keptRatio({ grownBytes, keptBytes }: LateRelease): number {
  return grownBytes > 0 ? Math.min(1, Math.max(0, keptBytes / grownBytes)) : 1;
}

/** For a leak its rate in the unit that explains it, for a stable path the upper bound: what it could be at most. */
function timesToBudget(leak: LeakEvidence, { budgetBytes, trafficPerSecond }: PathCase): TimeToBudget[] {
  if (leak.state !== 'leak' && leak.state !== 'stable') return [];
  const unit = leak.cause ?? leak.unit;
  const explained =
    unit === leak.unit ? undefined : leak.rates.find((rate) => rate.unit === unit)?.ratePerUnitBytes;
  const bytes = leak.state === 'leak' ? (explained ?? leak.ratePerUnitBytes) : leak.highPerUnitBytes;
  if (bytes === null || bytes <= 0 || !Number.isFinite(bytes)) return [];
  const traffic = unit === 'second' ? [1] : trafficPerSecond === null ? DEFAULT_TRAFFIC : [trafficPerSecond];
  return traffic.map((perSecond) => ({
    trafficPerSecond: perSecond,
    seconds: budgetBytes / (bytes * perSecond),
  }));
}

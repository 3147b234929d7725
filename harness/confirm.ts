import { HydrotestError } from './errors.ts';
import type { CycleEntry, LeakState } from './model.ts';
import { estimateLeak, type LeakProbe } from './verdict/estimate-leak.ts';
import { isUnsettled } from './verdict/judge-path.ts';

/** A path that is measured again. */
export interface Suspect {
  /** How many times the work of the first process. */
  doseFactor: number;
}

export interface ConfirmOptions {
  /** The cycles of each path on the scenario's first process. */
  measured: Paths;
  level: LeakProbe;
  budgetBytes: number;
  signal: AbortSignal;
  /** Measures these paths on another process, each with so many times the work, and waits for late releases behind them. */
  measureAgain(
    attempt: number,
    suspects: ReadonlyMap<string, Suspect>,
  ): Promise<{ measured: Paths; keptRatio: number | null }>;
  /** A confirmation could not be made; the run goes on without it. */
  onGap(reason: string): void;
}

/** So that a cache several times larger than the first measurement's work is full before the second one ends. */
const DOSE_FACTOR = 4;

/** Where nothing is collected, the first measurement was four times as large already. */
const DOSE_FACTOR_WITHOUT_HEAP = 2;

/** Events and time cost more a unit: a file grows by them, or a clock has to run. */
const DOSE_FACTOR_OF_FLOW = 2;

/** The growth that the confirming measurement may bring about, as a part of the budget. */
const MAX_GROWTH = 0.4;

/** Between these it is not known which of several paths has given back. */
const AMBIGUOUS = { least: 0.1, most: 0.9 };

type Paths = ReadonlyMap<string, readonly CycleEntry[]>;

/**
 * Measures again, on a fresh process and with more work, what looked like a leak or was left open: all such paths on one process, and each
 * on its own if part of their growth came back and it is not known whose it was. A leak that only the second process showed is
 * looked for on a third.
 *
 * @throws HydrotestError `journal`, `aborted`. Anything else that happens to the target becomes a gap.
 */
export async function confirmSuspects(options: ConfirmOptions): Promise<void> {
  const unsettled = new Map<string, Suspect>();
  for (const [path, cycles] of options.measured) {
    const suspect = suspectOf(cycles, options);
    if (suspect !== null) unsettled.set(path, suspect);
  }
  if (unsettled.size === 0) return;
  // They share one process: what they may grow together is shared as well.
  for (const suspect of unsettled.values()) {
    suspect.doseFactor = Math.max(1, Math.floor(suspect.doseFactor / unsettled.size));
  }
  let number = 1;
  const again = await attempt(options, number++, unsettled);
  if (again === null) return;
  const { keptRatio, measured } = again;
  const isAmbiguous =
    unsettled.size > 1 && keptRatio !== null && keptRatio > AMBIGUOUS.least && keptRatio < AMBIGUOUS.most;
  const news = [...unsettled].filter(
    ([path]) =>
      stateOf(measured, path, options.level) === 'leak' &&
      stateOf(options.measured, path, options.level) !== 'leak',
  );
  if (isAmbiguous) {
    for (const each of unsettled) await attempt(options, number++, new Map([each]));
  } else if (news.length > 0) await attempt(options, number, new Map(news));
}

function stateOf(measured: Paths, path: string, level: LeakProbe): LeakState {
  return estimateLeak(measured.get(path) ?? [], level).state;
}

/** Null: the first process has settled this path. */
function suspectOf(cycles: readonly CycleEntry[], { level, budgetBytes }: ConfirmOptions): Suspect | null {
  const planted = cycles.some(({ plantedBytes }) => plantedBytes > 0);
  const leak = estimateLeak(cycles, level);
  if (planted || !isUnsettled(leak)) return null;
  const { ratePerUnitBytes, unit } = leak;
  const dose = cycles.reduce((sum, { doses }) => sum + doses[unit], 0);
  const grownBytes = Math.max(1, (ratePerUnitBytes ?? 0) * dose);
  const ofConnections = level === 'heap' ? DOSE_FACTOR : DOSE_FACTOR_WITHOUT_HEAP;
  const wanted = unit === 'connection' ? ofConnections : DOSE_FACTOR_OF_FLOW;
  const bearable = Math.floor((budgetBytes * MAX_GROWTH) / grownBytes);
  return { doseFactor: Math.max(1, Math.min(wanted, bearable)) };
}

async function attempt(
  options: ConfirmOptions,
  number: number,
  suspects: ReadonlyMap<string, Suspect>,
): Promise<{ measured: Paths; keptRatio: number | null } | null> {
  try {
    return await options.measureAgain(number, suspects);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof HydrotestError) || error.code === 'journal' || error.code === 'aborted')
      throw error;
    options.onGap(`${[...suspects.keys()].join(', ')}: not confirmed on a fresh process: ${error.message}`);
    return null;
  }
}

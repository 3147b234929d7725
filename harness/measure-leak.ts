import type { CycleEntry, JournalEntry, LeakMeasurement } from './model.ts';
import { readQuiet, type Session } from './session.ts';
import { estimateLeak, hasLanded, MAX_LOOKS, MIN_CYCLES } from './verdict/estimate-leak.ts';

/** Warm-up is counted in work: clean servers still grew by up to 440 B a connection over their first 2,000 to 4,000. */
const WARMUP_CYCLES = 6;
const WARMUP_DOSE = 4000;

/** A server that is warm already still has to meet a new path a few times: new code is compiled and cached. */
const NEXT_WARMUP_CYCLES = 3;

/** A target that is so far over its budget is not loaded any further: it may take the machine down. */
const MAX_OVER_BUDGET = 2;

/** Anonymous memory is some 13 times noisier than a collected heap: more work a cycle lifts the signal over it. */
const DOSE_FACTOR_WITHOUT_HEAP = 4;

export interface MeasureContext {
  scenario: string;
  session: Session;
  signal: AbortSignal;
  /** No measurement has run on this target yet. */
  cold: boolean;
  random(): number;
  elapsedMs(): number;
  budgetBytes: number;
  /** Streams that the scenario holds while it measures. */
  heldCount(): number;
  write(entry: JournalEntry): void;
  onCycle(done: number, planned: number): void;
}

/**
 * Runs cycles of work and quiet readings on one path: warm-up first, then `MIN_CYCLES`, then twice as many, up to
 * `MAX_LOOKS` looks or until the rate is decided. The verdict itself is reached later, from the journal.
 *
 * Stops early when the work no longer lands, and when the target is over its budget and the leak is shown: collections
 * take seconds a gigabyte, and nothing more can be learnt. Returns what it stopped for.
 */
export async function measureLeak(
  measurement: LeakMeasurement,
  context: MeasureContext,
): Promise<'done' | 'not-landed' | 'over-budget'> {
  const { scenario, session, signal, write } = context;
  const { path, unit } = measurement;
  const factor = session.heap === null && unit !== 'event' ? DOSE_FACTOR_WITHOUT_HEAP : 1;
  const dose = measurement.dose * factor;
  const counted: CycleEntry[] = [];

  const reasonToStop = (cycle: CycleEntry) => {
    const { rssBytes } = cycle.reading;
    if (rssBytes > context.budgetBytes * MAX_OVER_BUDGET) return 'over-budget';
    // Over the budget, a few more cycles are worth their while as long as they may tell which path leaks.
    if (rssBytes > context.budgetBytes && estimateLeak(counted, session.leakProbe).state === 'leak') {
      return 'over-budget';
    }
    return hasLanded(cycle) ? null : 'not-landed';
  };
  const runCycle = async (warmup: boolean, look: number) => {
    // Two doses in random order: what grows by time or by cycle does not line up with what grows by work.
    const plannedDose = context.random() < 0.5 ? dose : 2 * dose;
    const landedDose = await measurement.perform(plannedDose);
    const reading = await readQuiet(session, context.heldCount(), signal);
    const elapsedMs = context.elapsedMs();
    const cycle: CycleEntry = {
      type: 'cycle',
      scenario,
      elapsedMs,
      path,
      unit,
      warmup,
      look,
      plannedDose,
      landedDose,
      reading,
    };
    write(cycle);
    return cycle;
  };

  const warmupCycles = context.cold ? WARMUP_CYCLES : NEXT_WARMUP_CYCLES;
  const warmupDose = context.cold && unit !== 'event' ? WARMUP_DOSE : 0;
  for (let cycles = 0, done = 0; cycles < warmupCycles || done < warmupDose; cycles++) {
    const cycle = await runCycle(true, 1);
    const stop = reasonToStop(cycle);
    if (stop !== null) return stop;
    done += cycle.plannedDose;
    context.onCycle(cycles + 1 - warmupCycles, MIN_CYCLES);
  }

  for (let look = 1; look <= MAX_LOOKS; look++) {
    const target = MIN_CYCLES * 2 ** (look - 1);
    while (counted.length < target) {
      const cycle = await runCycle(false, look);
      counted.push(cycle);
      const stop = reasonToStop(cycle);
      if (stop !== null) return stop;
      context.onCycle(counted.length, target);
    }
    const { state } = estimateLeak(counted, session.leakProbe);
    if (state === 'stable' || state === 'leak' || state === 'invalid') return 'done';
  }
  return 'done';
}

import type {
  CycleEntry,
  DoseUnit,
  GrowthSoFar,
  JournalEntry,
  LeakMeasurement,
  QuietReading,
} from './model.ts';
import { drain, type Session } from './session.ts';
import { estimateLeak, hasLanded, leakDelta, MAX_LOOKS, MIN_CYCLES } from './verdict/estimate-leak.ts';
import { rateSoFar } from './verdict/rate-so-far.ts';
import { sleep } from './waiting.ts';
import { gentleDose, isSteep, isWarm } from './warm-up.ts';

/**
 * A leak so many times over the threshold is plain after ten cycles, and what it keeps only slows the server down for the paths
 * behind it. The process that confirms it gives it the full measure: a cache has to fill in there.
 */
const PLAIN_FACTOR = 20;
const PLAIN_CYCLES = 10;

/** A server that takes so long for a look will not be quicker in the next, which is twice as long. */
const NEXT_LOOK_WITHIN_MS = 90_000;

/** A target that is so far over its budget is not loaded any further: it may take the machine down. */
export const MAX_OVER_BUDGET = 2;

/** Anonymous memory is some 13 times noisier than a collected heap: more work a cycle lifts the signal over it. */
const DOSE_FACTOR_WITHOUT_HEAP = 4;

/** An idle cycle lasts as long as the work of the cycle before, so that time and work do not rise together; half a second tells enough. */
const IDLE_MS = { least: 200, most: 500 };

export interface MeasureContext {
  scenario: string;
  session: Session;
  signal: AbortSignal;
  /** No measurement has run on this target yet. */
  cold: boolean;
  attempt: number;
  /** A confirming measurement does more work, so that a cache larger than the first one's work has filled by its end. */
  doseFactor: number;
  random(): number;
  elapsedMs(): number;
  budgetBytes: number;
  /** Streams that the scenario holds while it measures. */
  heldCount(): number;
  write(entry: JournalEntry): void;
  onCycle(done: number, planned: number, status: MeasureStatus): void;
  /** Between the warm-up and the first cycle that counts. */
  onWarm(warmup: CycleEntry[]): Promise<void>;
}

/** How a measurement goes, after each cycle, for who waits. */
export interface MeasureStatus {
  growth: GrowthSoFar;
  /** Until the end of this look, at the pace of its cycles so far; null: none has counted yet. */
  leftMs: number | null;
}

export interface Measured {
  ended: 'done' | 'not-landed' | 'over-budget' | 'other-processes';
  /** All of them, warm-up included: some hundred at most. */
  cycles: CycleEntry[];
}

interface CyclePlan {
  /** Of the path's small dose; 0 is an idle cycle. */
  factor: 0 | 1 | 2;
  rich: boolean;
}

/**
 * Runs cycles of work and quiet readings on one path: warm-up first, then `MIN_CYCLES`, then twice as many, up to
 * `MAX_LOOKS` looks or until the rate is decided. The verdict itself is reached later, from the journal.
 *
 * Stops early when the work no longer lands, when the target's processes are no longer the same, and when the target is over
 * its budget and the leak is shown: collections take seconds a gigabyte, and nothing more can be learnt.
 */
export async function measureLeak(measurement: LeakMeasurement, context: MeasureContext): Promise<Measured> {
  const { scenario, session, signal, write, attempt } = context;
  const { path, unit, quiet } = measurement;
  const level = session.probe.capabilities.level;
  const isWork = unit === 'connection' || unit === 'rejection';
  const noisy = level === 'heap' || !isWork ? 1 : DOSE_FACTOR_WITHOUT_HEAP;
  let dose = measurement.dose * noisy * context.doseFactor;
  const cycles: CycleEntry[] = [];
  const nextPlan = planCycles(measurement, context.random);
  let identity: string | null = null;
  let lastGap: string | null = null;
  let readAt = performance.now();
  let workMs = 0;

  const counted = () => cycles.filter((cycle) => !cycle.warmup);
  const reasonToStop = (cycle: CycleEntry): Measured['ended'] | null => {
    const { rssBytes } = cycle.reading;
    if (!cycle.sameProcesses) return 'other-processes';
    if (rssBytes > context.budgetBytes * MAX_OVER_BUDGET) return 'over-budget';
    // Over the budget, a few more cycles are worth their while as long as they may tell which path leaks.
    if (rssBytes > context.budgetBytes && estimateLeak(counted(), level).state === 'leak')
      return 'over-budget';
    return cycle.plannedDose === 0 || hasLanded(cycle) ? null : 'not-landed';
  };
  const runCycle = async (plan: CyclePlan, warmup: boolean, look: number): Promise<CycleEntry> => {
    const began = performance.now();
    const plannedDose = plan.factor * dose;
    const idleMs = Math.min(IDLE_MS.most, Math.max(IDLE_MS.least, workMs));
    const work =
      plan.factor === 0
        ? await sleep(idleMs, signal).then(() => ({ landed: 0, eventCount: 0 }))
        : await measurement.perform({ dose: plannedDose, rich: plan.rich });
    if (plan.factor > 0) workMs = performance.now() - began;
    const plantedBytes = Math.round(plannedDose * (measurement.plantPerUnitBytes ?? 0));
    if (plantedBytes > 0) await session.probe.plant(plantedBytes);
    const drained = await drain(session, context.heldCount(), signal);
    const read = await session.probe.readQuiet({ signal });
    const reading: QuietReading = { ...read, settled: drained && read.settled };
    // Told once, not in each cycle.
    const gap = level === 'heap' && read.heap === null ? session.probe.missing() : null;
    if (gap !== null && gap !== lastGap)
      write({
        type: 'gap',
        scenario,
        elapsedMs: context.elapsedMs(),
        probe: 'heap',
        reason: `${path}: ${gap}`,
      });
    lastGap = gap;
    const [now, previous] = [performance.now(), identity];
    identity = await session.probe.identity();
    const seconds = (now - readAt) / 1000;
    readAt = now;
    const cycle: CycleEntry = {
      type: 'cycle',
      scenario,
      elapsedMs: context.elapsedMs(),
      path,
      unit,
      attempt,
      warmup,
      look,
      plannedDose,
      landedDose: unit === 'second' ? seconds : work.landed,
      doses: dosesOf(unit, work, seconds),
      plantedBytes,
      quiet,
      sameProcesses: previous === null || identity === previous,
      reading,
    };
    cycles.push(cycle);
    write(cycle);
    return cycle;
  };

  for (;;) {
    const cycle = await runCycle({ factor: cycles.length % 2 === 0 ? 2 : 1, rich: false }, true, 1);
    const ended = reasonToStop(cycle);
    if (ended !== null) return { ended, cycles };
    context.onCycle(0, MIN_CYCLES, { growth: rateSoFar(cycles, level), leftMs: null });
    if (isWork && isSteep(cycles, level, context.budgetBytes)) {
      dose = gentleDose(cycles, level, context.budgetBytes, dose);
      break;
    }
    if (isWarm(cycles, { unit, probe: level, cold: context.cold })) break;
  }

  await context.onWarm(cycles);
  readAt = performance.now();
  const began = readAt;
  const isPlain = (): boolean => {
    const { state, lowPerUnitBytes } = estimateLeak(cycles, level);
    return state === 'leak' && (lowPerUnitBytes ?? 0) > PLAIN_FACTOR * leakDelta(level, unit);
  };

  for (let look = 1, working = 0; look <= MAX_LOOKS; look++) {
    const target = MIN_CYCLES * 2 ** (look - 1);
    while (working < target) {
      const plan = nextPlan();
      const cycle = await runCycle(plan, false, look);
      if (plan.factor > 0) working++;
      const ended = reasonToStop(cycle);
      if (ended !== null) return { ended, cycles };
      const pace = working === 0 ? null : (performance.now() - began) / working;
      const leftMs = pace === null ? null : pace * (target - working);
      context.onCycle(working, target, { growth: rateSoFar(cycles, level), leftMs });
      const mayBePlain = attempt === 0 && look === 1 && working >= PLAIN_CYCLES && plan.factor > 0;
      if (mayBePlain && measurement.plantPerUnitBytes === undefined && isPlain())
        return { ended: 'done', cycles };
    }
    const { state } = estimateLeak(cycles, level);
    if (state !== 'inconclusive' || performance.now() - began > NEXT_LOOK_WITHIN_MS) break;
  }
  return { ended: 'done', cycles };
}

/**
 * Permuted blocks of six working cycles and an idle one. Small and large doses in random order keep what grows by time or
 * by cycle from lining up with what grows by work, and blocks keep them balanced however early the measurement ends.
 */
function planCycles(measurement: LeakMeasurement, random: () => number): () => CyclePlan {
  const small: CyclePlan = { factor: 1, rich: false };
  const large: CyclePlan = { factor: 2, rich: false };
  const third: CyclePlan[] = measurement.canBeRich ? [{ factor: 1, rich: true }] : [];
  const idle: CyclePlan[] =
    measurement.quiet && measurement.unit !== 'second' ? [{ factor: 0, rich: false }] : [];
  const half = measurement.canBeRich ? [small, large, ...third] : [small, large];
  const block = measurement.canBeRich ? [...half, ...half, ...idle] : [...half, ...half, ...half, ...idle];
  let left: CyclePlan[] = [];
  return () => {
    if (left.length === 0) left = shuffle(block, random);
    return left.pop() ?? small;
  };
}

/** Fisher and Yates, on a copy. */
function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as Item, shuffled[i] as Item];
  }
  return shuffled;
}

function dosesOf(unit: DoseUnit, work: { landed: number; eventCount: number }, seconds: number) {
  return {
    connection: unit === 'connection' ? work.landed : 0,
    event: work.eventCount,
    rejection: unit === 'rejection' ? work.landed : 0,
    second: seconds,
  };
}

import { describe, expect, it } from 'vitest';
import { type MeasureContext, measureLeak } from './measure-leak.ts';
import type { CycleEntry, LeakMeasurement, WorkOrder } from './model.ts';
import { createRandom } from './random.ts';
import type { SimulatedTarget } from './testing/session.ts';
import { sessionOf } from './testing/session.ts';
import { estimateLeak } from './verdict/estimate-leak.ts';

const DOSE = 250;

interface Measured {
  ended: Awaited<ReturnType<typeof measureLeak>>['ended'];
  cycles: CycleEntry[];
  warmup: CycleEntry[];
  counted: CycleEntry[];
  /** Counted working cycles by look. */
  looks: number[];
  progress: [done: number, planned: number][];
  orders: WorkOrder[];
  planted: number[];
}

type Options = Partial<MeasureContext> &
  Partial<Omit<LeakMeasurement, 'perform'>> & {
    seed?: number;
    perform?(dose: number): number | Promise<number>;
    eventCount?(order: WorkOrder): number;
  };

/** Without idle cycles unless they are asked for: each takes 0.2 s or more. */
async function measure(target: SimulatedTarget, options: Options = {}): Promise<Measured> {
  const { seed = 1, perform = (planned) => planned, eventCount = () => 0, ...rest } = options;
  const { path = 'abrupt drop', unit = 'connection', dose = DOSE, quiet = false, ...others } = rest;
  const { canBeRich = false, plantPerUnitBytes, ...context } = others;
  let done = 0;
  const cycles: CycleEntry[] = [];
  const progress: Measured['progress'] = [];
  const orders: WorkOrder[] = [];
  const planted: number[] = [];
  const measured = await measureLeak(
    {
      path,
      unit,
      dose,
      quiet,
      canBeRich,
      ...(plantPerUnitBytes === undefined ? {} : { plantPerUnitBytes }),
      async perform(order) {
        orders.push(order);
        const landed = await perform(order.dose);
        done += landed;
        return { landed, eventCount: eventCount(order) };
      },
    },
    {
      scenario: 'churn',
      session: sessionOf(target, () => done, { onPlant: (bytes) => planted.push(bytes) }),
      signal: new AbortController().signal,
      cold: false,
      attempt: 0,
      doseFactor: 1,
      random: createRandom(seed),
      elapsedMs: () => cycles.length,
      budgetBytes: 500e6,
      heldCount: () => 0,
      write: (entry) => cycles.push(entry as CycleEntry),
      onCycle: (done, planned) => progress.push([done, planned]),
      onWarm: () => Promise.resolve(),
      ...context,
    },
  );
  if (context.write === undefined) expect(measured.cycles).toEqual(cycles);
  const counted = cycles.filter(({ warmup }) => !warmup);
  const working = counted.filter(({ plannedDose }) => plannedDose > 0);
  const looks = [1, 2, 3].map((look) => working.filter((cycle) => cycle.look === look).length);
  const warmup = cycles.filter((cycle) => cycle.warmup);
  return { ended: measured.ended, cycles, warmup, counted, looks, progress, orders, planted };
}

describe('how long a measurement goes on', () => {
  it('stops after the first look at a server that keeps nothing', async () => {
    const { ended, counted, looks } = await measure({ keeps: () => 0 });
    expect(ended).toBe('done');
    expect(looks).toEqual([18, 0, 0]);
    expect(estimateLeak(counted, 'heap').state).toBe('stable');
  });

  it('stops after the first look at one that leaks for certain', async () => {
    const { counted, looks } = await measure({ keeps: (dose) => 400 * dose });
    expect(looks).toEqual([18, 0, 0]);
    expect(estimateLeak(counted, 'heap').state).toBe('leak');
  });

  it('stops after ten cycles where the leak is plain, but not where it is to be confirmed or was planted', async () => {
    const plain = { keeps: (dose: number) => 4000 * dose };
    const { ended, counted, looks } = await measure(plain);
    expect(ended).toBe('done');
    expect(looks).toEqual([10, 0, 0]);
    expect(estimateLeak(counted, 'heap').state).toBe('leak');
    expect((await measure(plain, { attempt: 1 })).looks).toEqual([18, 0, 0]);
    expect((await measure({ keeps: () => 0 }, { plantPerUnitBytes: 4000 })).looks).toEqual([18, 0, 0]);
  });

  it('makes the cycles smaller where so much is kept that it would slow the server down', async () => {
    const { ended, warmup, counted } = await measure({ keeps: (dose) => 60_000 * dose }, { cold: true });
    const grown = (counted.at(-1)?.reading.heap?.usedBytes ?? 0) - (counted[0]?.reading.heap?.usedBytes ?? 0);
    expect(ended).toBe('done');
    expect(warmup.length).toBe(3);
    expect(estimateLeak([...warmup, ...counted], 'heap')).toMatchObject({ state: 'leak', cycleCount: 10 });
    expect(grown / 500e6).toBeLessThan(0.1);
    const small = await measure({ keeps: (dose) => 4000 * dose }, { cold: true });
    expect(new Set(small.counted.map(({ plannedDose }) => plannedDose))).toEqual(new Set([DOSE, 2 * DOSE]));
  });

  it('looks twice more while it is undecided, each time at twice as many cycles: 18, 36, 72', async () => {
    const { ended, counted, looks, progress } = await measure({ keeps: (dose) => 48 * dose });
    expect(ended).toBe('done');
    expect(looks).toEqual([18, 18, 36]);
    expect(estimateLeak(counted, 'heap')).toMatchObject({ state: 'inconclusive', look: 3, cycleCount: 72 });
    expect(progress.filter(([count]) => count > 0).map(([, planned]) => planned)).toEqual([
      ...new Array<number>(18).fill(18),
      ...new Array<number>(18).fill(36),
      ...new Array<number>(36).fill(72),
    ]);
  });

  it('stops at the second look when that decides', async () => {
    // At 18 cycles the interval of this noise is some ±100 B wide, at 36 a third of that; the threshold is 48 B.
    const { counted, looks } = await measure({ keeps: () => 0, noiseBytes: 300_000 });
    expect(looks).toEqual([18, 18, 0]);
    expect(estimateLeak(counted.slice(0, 18), 'heap').state).toBe('inconclusive');
    expect(estimateLeak(counted, 'heap')).toMatchObject({ state: 'stable', look: 2 });
  });

  it('goes on where growth has stopped, until that has lasted for as much work as came before', async () => {
    const { counted, looks } = await measure({ keeps: (dose) => 2000 * Math.min(dose, 4500) });
    expect(looks).toEqual([18, 18, 0]);
    expect(estimateLeak(counted, 'heap').state).toMatch(/stable|bounded/);
  });

  it('stops at once when the work does not land any more', async () => {
    let calls = 0;
    const { ended, cycles } = await measure(
      { keeps: () => 0 },
      { perform: (dose) => (++calls > 8 ? Math.floor(dose * 0.9) : dose) },
    );
    expect(ended).toBe('not-landed');
    expect(cycles).toHaveLength(9);
    expect(cycles.at(-1)).toMatchObject({ warmup: false });
    expect(estimateLeak(cycles, 'heap').state).toBe('invalid');
  });

  it('stops in the warm-up already when nothing lands', async () => {
    const { ended, cycles } = await measure({ keeps: () => 0 }, { perform: () => 0, cold: true });
    expect(ended).toBe('not-landed');
    expect(cycles).toMatchObject([{ warmup: true, landedDose: 0 }]);
  });

  it('stops when the target is over its budget and the leak is shown', async () => {
    const rssBytes = (dose: number) => 500e6 + dose * 4000;
    const { ended, counted } = await measure({ keeps: (dose) => 4000 * dose, rssBytes });
    expect(ended).toBe('over-budget');
    expect(counted.length).toBeLessThan(18);
    expect(estimateLeak(counted, 'heap').state).toBe('leak');
    expect(estimateLeak(counted.slice(0, -1), 'heap').state).toBe('invalid');
  });

  it('goes on over the budget while nothing is shown: the peak is no leak', async () => {
    const { ended, looks } = await measure({ keeps: () => 0, rssBytes: () => 600e6 });
    expect(ended).toBe('done');
    expect(looks).toEqual([18, 0, 0]);
  });

  it('stops at once at twice the budget', async () => {
    const { ended, cycles } = await measure({ keeps: () => 0, rssBytes: (dose) => 990e6 + dose * 4000 });
    expect(ended).toBe('over-budget');
    expect(cycles.at(-1)?.reading.rssBytes).toBeGreaterThan(1000e6);
    expect(cycles.slice(0, -1).every(({ reading }) => reading.rssBytes <= 1000e6)).toBe(true);
  });

  it('stops on abort, and what was measured stands in the journal', async () => {
    const controller = new AbortController();
    const written: CycleEntry[] = [];
    const measuring = measure(
      { keeps: () => 0 },
      {
        signal: controller.signal,
        write(entry) {
          written.push(entry as CycleEntry);
          if (written.length === 5) controller.abort(new Error('Ctrl-C'));
        },
      },
    );
    await expect(measuring).rejects.toThrow('Ctrl-C');
    expect(written).toHaveLength(5);
  });
});

describe('warm-up', () => {
  it('of a cold target is 4,000 connections at least, however many cycles they take', async () => {
    const { warmup } = await measure({ keeps: () => 0 }, { cold: true });
    const done = warmup.reduce((sum, { plannedDose }) => sum + plannedDose, 0);
    expect(done).toBeGreaterThanOrEqual(4000);
    expect(done - (warmup.at(-1)?.plannedDose ?? 0)).toBeLessThan(4000);
  });

  it('of a cold target is six cycles at least, however large they are', async () => {
    const { warmup } = await measure({ keeps: () => 0 }, { cold: true, dose: 5000 });
    expect(warmup).toHaveLength(6);
  });

  it('is six cycles of events, which come by the thousand anyway', async () => {
    const { warmup } = await measure({ keeps: () => 0 }, { cold: true, unit: 'event', dose: 10 });
    expect(warmup).toHaveLength(6);
  });

  it('of the next path is three cycles', async () => {
    expect((await measure({ keeps: () => 0 }, { cold: false })).warmup).toHaveLength(3);
  });

  it('comes first, is marked as such, and does not count: growth in it is no leak', async () => {
    const { cycles, warmup, counted, looks, progress } = await measure(
      { keeps: (dose) => 1000 * Math.min(dose, 4000) },
      { cold: true },
    );
    expect(cycles).toEqual([...warmup, ...counted]);
    expect(looks).toEqual([18, 0, 0]);
    expect(estimateLeak(cycles, 'heap').state).toBe('stable');
    expect(progress.slice(0, warmup.length - 5).every(([count]) => count <= warmup.length - 6)).toBe(true);
    expect(progress.at(-1)).toEqual([18, 18]);
  });
});

describe('a cycle', () => {
  it('has one dose or two, in an order that the seed gives again', async () => {
    const doses = async (seed: number) =>
      (await measure({ keeps: () => 0 }, { seed })).cycles.map(({ plannedDose }) => plannedDose);
    const [first, again, other] = [await doses(1), await doses(1), await doses(2)];
    expect(new Set(first)).toEqual(new Set([DOSE, 2 * DOSE]));
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('says what was planned and what of it was done', async () => {
    const { cycles } = await measure({ keeps: () => 0 }, { perform: (dose) => dose - 1 });
    for (const { plannedDose, landedDose } of cycles) expect(landedDose).toBe(plannedDose - 1);
    expect(cycles[0]).toMatchObject({
      type: 'cycle',
      scenario: 'churn',
      path: 'abrupt drop',
      unit: 'connection',
    });
  });

  it('is four times as large where no heap can be read, as anonymous memory is noisier', async () => {
    const { cycles, counted, looks } = await measure(
      { keeps: (dose) => 4000 * dose, probe: 'anonymous' },
      { unit: 'rejection' },
    );
    expect(new Set(cycles.map(({ plannedDose }) => plannedDose))).toEqual(new Set([4 * DOSE, 8 * DOSE]));
    expect(looks).toEqual([18, 0, 0]);
    expect(counted.every(({ reading }) => reading.heap === null && reading.settled)).toBe(true);
    expect(estimateLeak(counted, 'anonymous').state).toBe('leak');
  });

  it('is warmed up until nothing has grown for 9,000 connections, as garbage grows like a leak', async () => {
    const warmed = async (keeps: (dose: number) => number) => {
      const { warmup, counted } = await measure({ keeps, probe: 'anonymous' }, { cold: true });
      const dose = warmup.reduce((sum, { landedDose }) => sum + landedDose, 0);
      return { dose, state: estimateLeak(counted, 'anonymous').state };
    };
    const still = await warmed(() => 0);
    const garbage = await warmed((dose) => 4000 * Math.min(dose, 20_000));
    expect(still.state).toBe('stable');
    expect(garbage.state).toBe('stable');
    expect(still.dose).toBe(9000);
    expect(garbage.dose).toBeGreaterThan(20_000 + 7500);
    // What never stands still has to be judged as it is.
    expect((await warmed((dose) => 4000 * dose)).dose).toBe(41_000);
  });

  it('of events is not: files would have to grow four times as much', async () => {
    const { cycles } = await measure({ keeps: () => 0, probe: 'anonymous' }, { unit: 'event' });
    expect(new Set(cycles.map(({ plannedDose }) => plannedDose))).toEqual(new Set([DOSE, 2 * DOSE]));
  });
});

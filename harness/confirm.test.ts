import { describe, expect, it } from 'vitest';
import { confirmSuspects, type Suspect } from './confirm.ts';
import { HydrotestError } from './errors.ts';
import type { CycleEntry } from './model.ts';
import { createRandom } from './random.ts';
import { type SimulatedPath, simulateCycles } from './verdict/simulation.ts';

const BUDGET_BYTES = 500e6;

/** 18 working cycles of some 800 connections each, on a heap with 8 KB of noise. */
const cycles = (bytesPerConnection: number, over: Partial<SimulatedPath> = {}): CycleEntry[] =>
  simulateCycles({
    random: createRandom(1),
    workingCount: 18,
    levelBytes: ({ connection }) => bytesPerConnection * connection,
    ...over,
  });

type Measured = Record<string, CycleEntry[]>;
interface Attempt {
  number: number;
  suspects: Record<string, Suspect>;
}

/** Runs the confirmation; each further process measures `again` of what it is asked for, and keeps `keptRatio` of it. */
async function confirm(
  first: Measured,
  again: (attempt: Attempt) => { measured: Measured; keptRatio?: number | null },
): Promise<{ attempts: Attempt[]; gaps: string[] }> {
  const attempts: Attempt[] = [];
  const gaps: string[] = [];
  await confirmSuspects({
    measured: new Map(Object.entries(first)),
    level: 'heap',
    budgetBytes: BUDGET_BYTES,
    signal: new AbortController().signal,
    onGap: (reason) => gaps.push(reason),
    async measureAgain(number, suspects) {
      const attempt = { number, suspects: Object.fromEntries(structuredClone([...suspects])) };
      attempts.push(attempt);
      const { measured, keptRatio = 1 } = again(attempt);
      return { measured: new Map(Object.entries(measured)), keptRatio };
    },
  });
  return { attempts, gaps };
}

const clean = cycles(0);
const leaky = cycles(400);

describe('what is measured again', () => {
  it('is nothing where the first process has settled every path', async () => {
    const { attempts } = await confirm({ stable: clean, 'too short': leaky.slice(0, 9) }, () => ({
      measured: {},
    }));
    expect(attempts).toEqual([]);
  });

  it('is a path that looked like a leak, with four times the work', async () => {
    const { attempts } = await confirm({ stable: clean, leaky }, () => ({ measured: { leaky } }));
    expect(attempts).toEqual([{ number: 1, suspects: { leaky: { doseFactor: 4 } } }]);
  });

  it('is one that was left open', async () => {
    // The threshold itself: no interval lies on one side of it.
    const open = cycles(48, { noiseBytes: 24_000 });
    const { attempts } = await confirm({ open }, () => ({ measured: { open } }));
    expect(attempts[0]?.suspects).toEqual({ open: { doseFactor: 4 } });
  });

  it('is not what was planted', async () => {
    const planted = leaky.map((cycle) => ({ ...cycle, plantedBytes: 400 * cycle.plannedDose }));
    expect((await confirm({ planted }, () => ({ measured: {} }))).attempts).toEqual([]);
  });

  it('gets no more work than two fifths of the budget bear, all suspects together', async () => {
    // Some 13,000 connections of 8 KB are 100 MB, of which 200 MB bear two.
    const steep = await confirm({ steep: cycles(8000) }, () => ({ measured: {} }));
    expect(steep.attempts[0]?.suspects.steep?.doseFactor).toBe(1);
    const two = await confirm({ a: leaky, b: leaky }, () => ({ measured: { a: leaky, b: leaky } }));
    expect(two.attempts[0]?.suspects).toMatchObject({ a: { doseFactor: 2 }, b: { doseFactor: 2 } });
  });
});

describe('one wait for several suspects', () => {
  const both = { a: leaky, b: leaky };

  it('settles them where all or nothing came back', async () => {
    for (const keptRatio of [0, 0.05, 0.95, 1]) {
      const { attempts } = await confirm(both, () => ({ measured: both, keptRatio }));
      expect(attempts).toHaveLength(1);
    }
  });

  it('is followed by one for each on its own where it is not known whose bytes came back', async () => {
    const { attempts } = await confirm(both, ({ suspects }) => ({
      measured: Object.fromEntries(Object.keys(suspects).map((path) => [path, leaky])),
      keptRatio: 0.5,
    }));
    expect(attempts.map(({ suspects }) => Object.keys(suspects))).toEqual([['a', 'b'], ['a'], ['b']]);
    expect(attempts.map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('is enough for one suspect', async () => {
    const { attempts } = await confirm({ leaky }, () => ({ measured: { leaky }, keptRatio: 0.5 }));
    expect(attempts).toHaveLength(1);
  });
});

it('looks on a third process for a leak that only the second has shown', async () => {
  const open = cycles(48, { noiseBytes: 24_000 });
  const { attempts } = await confirm({ open, leaky }, () => ({ measured: { open: leaky, leaky } }));
  expect(attempts.map(({ suspects }) => Object.keys(suspects))).toEqual([['open', 'leaky'], ['open']]);
});

describe('a process that cannot be had', () => {
  const failing = (error: Error) => () => {
    throw error;
  };

  it('is a gap with its reason', async () => {
    for (const code of ['target-start', 'target-lost'] as const) {
      const { gaps } = await confirm({ leaky }, failing(new HydrotestError(code, 'the port is taken')));
      expect(gaps).toEqual(['leaky: not confirmed on a fresh process: the port is taken']);
    }
  });

  it('is no gap where the run itself cannot go on', async () => {
    for (const error of [new HydrotestError('journal', 'disk full'), new TypeError('a fault of ours')]) {
      await expect(confirm({ leaky }, failing(error))).rejects.toBe(error);
    }
  });
});

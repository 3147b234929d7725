import { describe, expect, it } from 'vitest';
import { type LongDrainOptions, longDrain } from './long-drain.ts';
import type { CycleEntry, DrainEntry } from './model.ts';
import { type SimulatedTarget, sessionOf } from './testing/session.ts';
import { cycleOf } from './verdict/simulation.ts';

/** Timers come up to a millisecond early. */
const GRACE_MS = 300;
const GROWN_BYTES = 4e6;

/** A target whose level was 8 MB before the cycles, and is `keeps(n)` above that at the n-th look of the wait, from 0. */
async function wait(
  keeps: (look: number) => number,
  { target = {}, ...over }: Partial<LongDrainOptions> & { target?: Partial<SimulatedTarget> } = {},
): Promise<{ ratio: number | null; drains: DrainEntry[]; waits: number[] }> {
  const drains: DrainEntry[] = [];
  const waits: number[] = [];
  const base: CycleEntry = cycleOf({}, 8e6);
  const ratio = await longDrain({
    scenario: 'churn',
    session: sessionOf({ keeps, noiseBytes: 0, ...target }, () => drains.length),
    signal: new AbortController().signal,
    attempt: 1,
    moment: 'after',
    paths: new Map([['abrupt drop', [base]]]),
    graceMs: GRACE_MS,
    mostRssBytes: 1e9,
    heldCount: () => 0,
    elapsedMs: () => 0,
    write: (entry) => drains.push(entry as DrainEntry),
    onWait: (seconds) => waits.push(seconds),
    ...over,
  });
  return { ratio, drains, waits };
}

describe('the wait for what is released late', () => {
  it('lasts for the whole grace where nothing comes back', async () => {
    const { ratio, drains, waits } = await wait(() => GROWN_BYTES);
    expect(ratio).toBeCloseTo(1, 6);
    expect(drains[0]).toMatchObject({ type: 'drain', moment: 'after', attempt: 1, waitedMs: 0 });
    expect(drains.at(-1)?.waitedMs).toBeGreaterThan(GRACE_MS - 2);
    expect(drains.map(({ paths }) => paths)).toEqual(drains.map(() => ['abrupt drop']));
    expect(waits).toHaveLength(drains.length);
  });

  it('ends as soon as all has come back', async () => {
    const { ratio, drains } = await wait((look) => (look < 3 ? GROWN_BYTES : 0));
    expect(ratio).toBeCloseTo(0, 6);
    expect(drains).toHaveLength(4);
  });

  it('tells which part was kept', async () => {
    const { ratio } = await wait((look) => (look < 3 ? GROWN_BYTES : GROWN_BYTES / 4));
    expect(ratio).toBeCloseTo(0.25, 6);
  });

  it('knows of no part where nothing had grown, or nothing could be read', async () => {
    expect((await wait(() => -1)).ratio).toBeNull();
    const blind = await wait(() => GROWN_BYTES, { target: { hasHeap: () => false } });
    expect(blind.ratio).toBeNull();
    // What was not read has not come back: it is waited for to the end.
    expect(blind.drains.at(-1)?.waitedMs).toBeGreaterThan(GRACE_MS - 2);
  });

  it('ends at the memory that the machine is thought to bear', async () => {
    const rssBytes = (look: number) => (look < 2 ? 9e8 : 1.1e9);
    const { ratio, drains } = await wait(() => GROWN_BYTES, { graceMs: 60_000, target: { rssBytes } });
    expect(ratio).toBeCloseTo(1, 6);
    expect(drains.map(({ reading }) => reading.rssBytes)).toEqual([9e8, 9e8, 1.1e9]);
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    const waiting = wait(() => GROWN_BYTES, {
      graceMs: 60_000,
      signal: stop.signal,
      onWait: () => stop.abort(new Error('stopped')),
    });
    await expect(waiting).rejects.toThrow('stopped');
  });
});

describe('the wait for the base before the cycles', () => {
  it('ends when the level has stopped falling, however high it stands', async () => {
    const falling = [4e6, 2e6, 1e6, 1e6 - 4000, 0];
    const { ratio, drains } = await wait((look) => falling[look] ?? 0, { moment: 'before' });
    expect(ratio).toBeNull();
    expect(drains).toHaveLength(4);
  });
});

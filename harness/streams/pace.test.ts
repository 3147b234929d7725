import { afterEach, describe, expect, it } from 'vitest';
import { MOST_REMOTE_PER_SECOND, nextSlot, type Seat, SLOT_MS, takeSeat, takeTurn } from './pace.ts';

afterEach(() => takeSeat('alone'));

/** The slots of a seat, in order, of `count` slots from the first on. */
function slotsOf(seat: Seat, count: number, first = 0): number[] {
  const slots: number[] = [];
  for (let slot = nextSlot(seat, first); slot < first + count; slot = nextSlot(seat, slot + 1))
    slots.push(slot);
  return slots;
}

/** When each of these turns came, in milliseconds of the monotonic clock. */
function takeTurns(turns: number[]): Promise<{ at: number[]; order: number[] }> {
  const at: number[] = [];
  const order: number[] = [];
  return new Promise((resolve) => {
    for (const [index, count] of turns.entries())
      takeTurn(count, () => {
        at.push(performance.now());
        order.push(index);
        if (at.length === turns.length) resolve({ at, order });
      });
  });
}

const spanMs = (at: number[]) => (at.at(-1) ?? Number.NaN) - (at[0] ?? Number.NaN);

describe('slots', () => {
  it('are as many a second as may be opened', () => {
    expect(1000 / SLOT_MS).toBeLessThan(MOST_REMOTE_PER_SECOND);
    expect(1000 / SLOT_MS).toBeGreaterThan(0.9 * MOST_REMOTE_PER_SECOND);
  });

  it.each([1, 2, 3, 7, 9, 10, 64, 256])('belong to one process each, with %i workers', (count) => {
    const workers = Array.from({ length: count }, (_, index) => ({ index, count }));
    const first = 123_456_789;
    const length = 10 * 9 * count;
    const all = (['beside workers', ...workers] as Seat[]).flatMap((seat) => slotsOf(seat, length, first));
    expect(new Set(all).size).toBe(all.length);
    // None is left over, and each worker has as many as the others.
    expect(all).toHaveLength(length);
    for (const worker of workers)
      expect(Math.abs(slotsOf(worker, length, first).length - 81)).toBeLessThan(2);
    expect(slotsOf('beside workers', length, first)).toHaveLength(length / 10);
  });
});

// Lower bounds alone: a busy machine makes everything later, and nothing earlier. A first turn may come late, and so nearer to the second.
describe('turns', () => {
  it('come in the order of asking, one a slot', async () => {
    const { at, order } = await takeTurns(Array(12).fill(1));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(spanMs(at)).toBeGreaterThan(10 * SLOT_MS - 1);
  });

  it('are spaced by as many as one may need', async () => {
    const { at } = await takeTurns([1, 1, 4, 4]);
    expect(spanMs(at)).toBeGreaterThan(8 * SLOT_MS - 1);
  });

  it('are fewer for one worker of several, also for those who wait already', async () => {
    const taking = takeTurns([1, 1, 1, 1]);
    takeSeat({ index: 1, count: 3 });
    const { at } = await taking;
    expect(spanMs(at)).toBeGreaterThan(2 * 3 * SLOT_MS - 1);
  });

  it('that were not taken are lost, and make no burst later', async () => {
    await takeTurns([1]);
    await new Promise((resolve) => setTimeout(resolve, 10 * SLOT_MS));
    const { at } = await takeTurns(Array(6).fill(1));
    expect(spanMs(at)).toBeGreaterThan(4 * SLOT_MS - 1);
  });
});

import { expect, test } from 'vitest';
import { EventOrder, rememberedIdCount } from './event-order.ts';

/** Feeds ids of events whose data is `x`: as offsets, neighbours are 2 apart. */
function order(...ids: (string | number)[]): EventOrder {
  const events = new EventOrder();
  for (const id of ids) events.see(String(id), 'x');
  return events;
}

test.each([
  // ids, scheme, gaps, duplicates
  [[], 'none', 0, 0],
  [['', ''], 'none', 0, 0],
  [[7], 'opaque', 0, 0],
  [[7, 8, 9], 'sequence', 0, 0],
  [[0, 1, 2], 'sequence', 0, 0],
  [[7, 8, 10, 11, 14], 'sequence', 2, 0],
  [[7, 8, 8, 9], 'sequence', 0, 1],
  [[7, 8, 9, 10, 8, 9, 10, 11], 'sequence', 0, 3],
  [[2, 4, 6, 8], 'offset', 0, 0],
  [[2, 4, 8, 10], 'offset', 1, 0],
  [[2, 4, 5], 'offset', 1, 0],
  [[2, 4, 2, 4, 6], 'offset', 0, 2],
  // The first pair is the gap, or the fall: it counts once the scheme is known.
  [[1, 5, 6], 'sequence', 1, 0],
  [[10, 20, 22], 'offset', 1, 0],
  [[9, 5, 9, 10], 'sequence', 0, 2],
  [[5, 5, 6], 'sequence', 0, 1],
  // Ids that cannot be ordered.
  [['a', 'b', 'c'], 'opaque', 0, 0],
  [['a', 'b', 'a'], 'opaque', 0, 1],
  [['a', 1, 'b', 9], 'opaque', 0, 0],
  [['9'.repeat(20), `${'9'.repeat(19)}8`], 'opaque', 0, 0],
  [[10, 20, 30, 20], 'opaque', 0, 1],
] as const)('%j: %s, %i gaps, %i duplicates', (ids, scheme, gapCount, duplicateCount) => {
  expect(order(...ids)).toMatchObject({ scheme, gapCount, duplicateCount });
});

test('offsets count bytes, not characters; an id that fits both schemes decides nothing', () => {
  const events = new EventOrder();
  events.see('10', 'any');
  events.see('11', '');
  expect(events.scheme).toBe('opaque');
  events.see('16', 'zwö');
  events.see('21', '🌍');
  expect(events).toMatchObject({ scheme: 'offset', gapCount: 0, duplicateCount: 0 });
});

test('a reset starts anew, and the scheme stays', () => {
  const events = order(7, 8, 9);
  events.restart();
  events.see('1', 'x');
  events.see('2', 'x');
  expect(events).toMatchObject({ scheme: 'sequence', gapCount: 0, duplicateCount: 0 });
  events.see('4', 'x');
  expect(events.gapCount).toBe(1);
});

test('an id without an event moves the order on', () => {
  const events = order(1, 2);
  events.anchor('3');
  events.see('4', 'x');
  expect(events.gapCount).toBe(0);
});

test('opaque ids are remembered up to a number', () => {
  const ids = Array.from({ length: rememberedIdCount + 1 }, (_, index) => `id-${index}`);
  expect(order(...ids, `id-${rememberedIdCount}`).duplicateCount).toBe(1);
  expect(order(...ids, 'id-1').duplicateCount).toBe(1);
  expect(order(...ids, 'id-0').duplicateCount).toBe(0);
});

import { expect, test } from 'vitest';
import { FedOrder } from './fed-order.ts';

function follow(...lines: (number | string)[]): FedOrder {
  const order = new FedOrder();
  for (const line of lines) order.saw(typeof line === 'number' ? `{"seq":${line},"at":1}` : line);
  return order;
}

test('counts the events of the harness, from wherever they start', () => {
  expect(follow(7, 8, 9)).toMatchObject({ eventCount: 3, gapCount: 0, duplicateCount: 0 });
});
test('leaves the events of others alone', () => {
  expect(follow('welcome', 0, '{"time":3}', 1)).toMatchObject({
    eventCount: 2,
    gapCount: 0,
    duplicateCount: 0,
  });
});
test('sees what is missing and what comes twice', () => {
  expect(follow(0, 1, 4, 4, 3, 5)).toMatchObject({ eventCount: 4, gapCount: 2, duplicateCount: 2 });
});
test('one lost and one doubled do not make up for each other', () => {
  expect(follow(0, 1, 1, 3)).toMatchObject({ eventCount: 3, gapCount: 1, duplicateCount: 1 });
});
test('a replaced file starts anew', () => {
  const order = follow(5, 6);
  order.restart();
  order.saw('{"seq":0,"at":1}');
  expect(order).toMatchObject({ eventCount: 3, gapCount: 0, duplicateCount: 0 });
});

import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

const point = (elapsedMs: number, rssBytes: number) => ({
  elapsedMs,
  rssBytes,
  openStreamCount: 0,
  eventCount: 0,
  fdCount: null,
  eventsPerSecond: null,
});
const every = (values: number[]) => values.map((bytes, index) => point(index * 1000, bytes));

test.each([
  ['from zero to the top', every([0, 25, 50, 75, 100]), 100, '▁▂▄▆█'],
  ['flat: noise is not growth', every([97, 98, 99, 98]), 100, '████'],
  ['low beside another scenario', every([10, 12, 11]), 100, '▁▁▁'],
  ['one reading', every([100]), 100, '█'],
  ['none', [], 100, ''],
  ['no memory at all', every([0, 0]), 0, ''],
])('%s', (_, series, top, text) => {
  expect(sparkline(series, top)).toBe(text);
});

test('the highest reading of a part is the one that is shown, and a gap is a gap', () => {
  expect(sparkline(every([10, 100, 10, 10]), 100, 2)).toBe('█▁');
  const withGap = [point(0, 50), point(1000, 50), point(9000, 50), point(10_000, 50)];
  expect(sparkline(withGap, 100, 4)).toBe('▄  ▄');
});

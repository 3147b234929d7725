import { expect, it } from 'vitest';
import { healthyRun } from '../../harness/testing/records.ts';
import { askRivals, mannKendallZ } from './rivals.ts';

it.each([
  // pymannkendall 1.4.3, original_test(values).z
  [[5, 7, 6, 9, 8, 12, 11, 15, 14, 13], 2.862167011199731],
  [[3, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8], 1.4310835055998654],
  [[10, 9, 8, 7, 6, 5], -2.630142022557628],
])('Mann-Kendall of %j is %f', (values, z) => {
  expect(mannKendallZ(values)).toBeCloseTo(z, 12);
});

/** Grows by so many bytes of heap and of resident memory with each of the first process's cycles. */
function ask(bytesPerCycle: number, rssBytes = 100e6) {
  const record = healthyRun(['churn']);
  const [scenario] = record.scenarios;
  for (const [index, cycle] of (scenario?.cycles ?? []).entries()) {
    const { heap } = cycle.reading;
    if (heap !== null) heap.usedBytes = 8e6 + bytesPerCycle * index + (index % 2) * 1000;
    cycle.reading.rssBytes = rssBytes + bytesPerCycle * index + (index % 2) * 1000;
  }
  for (const sample of scenario?.samples ?? []) Object.assign(sample, { rssBytes, peakRssBytes: rssBytes });
  return askRivals(record, 'abrupt drop', 'heap');
}

it('asks each of the others for its own sign of a leak', () => {
  expect(ask(1e6)).toEqual({
    'Mann-Kendall, 5 %': true,
    'last 10 % over first': true,
    'line through RSS, 5 %': true,
    'ceiling 500 MB': false,
  });
  expect(ask(0)).toEqual({
    'Mann-Kendall, 5 %': false,
    'last 10 % over first': false,
    'line through RSS, 5 %': false,
    'ceiling 500 MB': false,
  });
  // A byte or two a connection is a trend all the same: what a test for a trend cannot tell.
  expect(ask(1000)).toMatchObject({ 'Mann-Kendall, 5 %': true, 'last 10 % over first': false });
  expect(ask(0, 501e6)['ceiling 500 MB']).toBe(true);
});

it('has no answer without readings', () => {
  expect(askRivals(healthyRun(['churn']), 'another path', 'heap')).toMatchObject({
    'Mann-Kendall, 5 %': null,
    'last 10 % over first': null,
    'line through RSS, 5 %': null,
  });
});

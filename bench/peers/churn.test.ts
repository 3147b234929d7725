import { expect, test } from 'vitest';
import { measureChurn } from './churn.ts';
import { renderChurn } from './churn-section.ts';

test('both sides cycle against one server, and the ratio is that of the rounds', async () => {
  const { rounds, ratio } = await measureChurn({ rounds: 1, cycleCount: 40, concurrency: 4 });
  expect(rounds).toHaveLength(1);
  const [{ ours, bare }] = rounds as [(typeof rounds)[0]];
  expect(ratio).toBeCloseTo(ours.perSecond / bare.perSecond);
});

test('the ratio is the median of the ratios, not the ratio of the medians', () => {
  const side = (perSecond: number) => ({ perSecond, cpuMicros: 100 });
  const rounds = [
    { ours: side(10), bare: side(10) },
    { ours: side(20), bare: side(40) },
    { ours: side(30), bare: side(100) },
  ];
  const openings = rounds.map(({ ours, bare }) => ({ ours: ours.perSecond, bare: bare.perSecond }));
  const shape = { rounds: 3, cycleCount: 100, concurrency: 5, streamCount: 50 };
  const text = renderChurn({ rounds, ratio: 0.5 }, openings, [], shape);
  expect(text).toContain('cycles a second | 20 | 40 | 0.50 | 0.30 to 1.00 |');
  expect(text).toContain('µs CPU a cycle | 100 | 100 | 1.00 | 1.00 to 1.00 |');
});

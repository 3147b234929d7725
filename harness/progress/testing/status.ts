import type { RunStatus } from '../../run.ts';

/** In the middle of a run. */
export const STATUS: RunStatus = {
  scenario: 'churn',
  position: 4,
  total: 8,
  phase: 'measure abrupt drop',
  cycle: 'cycle 7 of 18',
  elapsedMs: 65_000,
  openStreamCount: 20,
  eventCount: 3000,
  rssBytes: 104.6e6,
  budgetBytes: 500e6,
  growth: { unit: 'connection', bytesPerUnit: 12.34, thresholdBytes: 48 },
  leftMs: 123_000,
};

import type { Check } from '../model.ts';
import { problemOf } from './words.ts';

/** A second is the longest wait that does not break a user's flow of thought (J. Nielsen, "Usability Engineering", 1993). */
const MAX_WAIT_MS = 1000;

/** One slow answer can be this machine's doing; a blocked event loop makes several. */
const MAX_SLOW_COUNT = 1;

/** The page goes on answering while the files grow. */
export const responsiveness: Check = (scenario, { run }) => {
  const { page } = run.config;
  if (page === null) return [];
  const pages = scenario.requests.filter(({ label }) => label === 'page');
  const requestCount = pages.reduce((sum, { plannedCount }) => sum + plannedCount, 0);
  const okCount = pages.reduce((sum, { statuses }) => sum + (statuses['200'] ?? 0), 0);
  // Each entry is a few requests, one after the other.
  const slowestMs = pages.length === 0 ? null : Math.max(...pages.map(({ latencyMs }) => latencyMs.max));
  const slowCount = pages.filter(({ latencyMs }) => latencyMs.max > MAX_WAIT_MS).length;
  const evidence = { requestCount, okCount, slowestMs, slowCount, maxWaitMs: MAX_WAIT_MS };
  const finding = { check: 'responsiveness', scenario: scenario.scenario, subject: '', evidence } as const;
  if (requestCount === 0 || slowestMs === null)
    return [{ ...finding, outcome: 'invalid', reason: 'the page was never asked for' }];
  if (okCount < requestCount) {
    return [
      {
        ...finding,
        outcome: 'fail',
        reason: `the page answered ${okCount} of ${requestCount} requests with 200${problemOf(pages)}`,
      },
    ];
  }
  if (slowCount > MAX_SLOW_COUNT) {
    const reason = `the page took more than ${MAX_WAIT_MS} ms in ${slowCount} of ${pages.length} looks while the files grew, ${slowestMs.toFixed(0)} ms at worst: something blocks the event loop`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  return [
    {
      ...finding,
      outcome: 'pass',
      reason: `the slowest of ${requestCount} answers of the page took ${slowestMs.toFixed(0)} ms while the files grew`,
    },
  ];
};

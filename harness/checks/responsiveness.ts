import type { Check } from '../model.ts';

/** A second is the longest wait that does not break a user's flow of thought (J. Nielsen, "Usability Engineering", 1993). */
const MAX_P99_MS = 1000;

/** The page goes on answering while the files grow. */
export const responsiveness: Check = (scenario, { run }) => {
  const { page } = run.config;
  if (page === null) return [];
  const pages = scenario.requests.filter(({ label }) => label === 'page');
  const requestCount = pages.reduce((sum, { plannedCount }) => sum + plannedCount, 0);
  const okCount = pages.reduce((sum, { statuses }) => sum + (statuses['200'] ?? 0), 0);
  const p99Ms = pages.length === 0 ? null : Math.max(...pages.map(({ latencyMs }) => latencyMs.p99));
  const evidence = { requestCount, okCount, p99Ms, maxP99Ms: MAX_P99_MS };
  const finding = { check: 'responsiveness', scenario: scenario.scenario, subject: '', evidence } as const;
  if (requestCount === 0 || p99Ms === null)
    return [{ ...finding, outcome: 'invalid', reason: 'the page was never asked for' }];
  if (okCount < requestCount) {
    return [
      {
        ...finding,
        outcome: 'fail',
        reason: `the page answered ${okCount} of ${requestCount} requests with 200`,
      },
    ];
  }
  if (p99Ms > MAX_P99_MS) {
    const reason = `the page took ${p99Ms.toFixed(0)} ms (p99) while the files grew, over ${MAX_P99_MS} ms: something blocks the event loop`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  return [
    {
      ...finding,
      outcome: 'pass',
      reason: `the page answered within ${p99Ms.toFixed(0)} ms (p99) while the files grew`,
    },
  ];
};

import type { Check } from '../model.ts';
import { limitedCount, refusalWords } from './answers.ts';
import { problemOf } from './words.ts';

/** While the limit is full, every further request is refused, at any rate. */
export const rejections: Check = (scenario, { run }) => {
  const floods = scenario.requests.filter(({ label }) => label === 'flood');
  const refusal = refusalWords(
    run.config,
    floods.flatMap(({ statuses }) => Object.keys(statuses)),
  );
  const plannedCount = floods.reduce((sum, flood) => sum + flood.plannedCount, 0);
  const refusedCount = floods.reduce((sum, { statuses }) => sum + limitedCount(statuses, run.config), 0);
  const answeredCount = floods
    .flatMap(({ statuses }) => Object.values(statuses))
    .reduce((sum, count) => sum + count, 0);
  const otherCount = answeredCount - refusedCount;
  const errorCount = floods.reduce(
    (total, { errorCount, timeoutCount }) => total + errorCount + timeoutCount,
    0,
  );
  const heldCount = scenario.streams.filter(({ answer }) => answer === 'accepted').length;
  const evidence = { plannedCount, refusedCount, otherCount, errorCount, limit: scenario.limit, heldCount };
  const finding = { check: 'rejections', scenario: scenario.scenario, subject: '', evidence } as const;
  const closedCount = scenario.streams.filter(
    ({ answer, ending }) => answer === 'accepted' && ending !== 'client',
  ).length;
  if (closedCount > 0) {
    const reason = `the server ended ${closedCount} of the ${heldCount} streams that were to fill the limit: give it a longer --deadline`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (otherCount > 0 || errorCount > 0) {
    const reason = `of ${plannedCount} requests over the full limit ${refusedCount} got ${refusal}, ${otherCount} another answer and ${errorCount} none${problemOf(floods)}`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  if (plannedCount === 0 || refusedCount < plannedCount) {
    return [
      {
        ...finding,
        outcome: 'invalid',
        reason: `only ${refusedCount} of ${plannedCount} requests were made`,
      },
    ];
  }
  // A server that refuses everything refuses these, too.
  if (scenario.limit === null || heldCount < scenario.limit) {
    const reason = `only ${heldCount} streams filled the limit of ${scenario.limit ?? 'nobody knows how many'}: the answers say nothing about a full one`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  return [
    {
      ...finding,
      outcome: 'pass',
      reason: `all ${refusedCount} requests over the full limit got ${refusal}`,
    },
  ];
};

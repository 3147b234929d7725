import type { Check } from '../model.ts';
import { refusalWords, saidBy } from './answers.ts';
import { unmadeConnections } from './connection-limit.ts';

/** After every way of leaving, the whole limit can be used again. The scenario tries until it can, or gives up. */
export const slotsReleased: Check = (scenario, { run }) => {
  const { limit } = scenario;
  const attempts = Map.groupBy(
    scenario.streams.filter(({ phase }) => phase.startsWith('reopen after ')),
    ({ phase }) => phase,
  );
  for (const { phase } of scenario.phases) {
    if (phase.startsWith('reopen after ') && !attempts.has(phase)) attempts.set(phase, []);
  }
  if (attempts.size === 0) attempts.set('reopen', []);
  return [...attempts].map(([phase, streams]) => {
    // Attempts follow one another; the last one is the one that counts.
    const last = streams.slice(-(limit ?? 1));
    const acceptedCount = last.filter(({ answer }) => answer === 'accepted').length;
    const refusedCount = last.filter(({ answer }) => answer === 'limited').length;
    const attemptCount = limit === null ? 0 : Math.ceil(streams.length / limit);
    const subject = phase.replace('reopen after ', '');
    const evidence = { limit, acceptedCount, refusedCount, attemptCount };
    const finding = { check: 'slots-released', scenario: scenario.scenario, subject, evidence } as const;
    const leftCount = scenario.streams.filter(
      (stream) => stream.ending === 'client' && stream.phase !== phase && stream.phase.endsWith(subject),
    ).length;
    if (leftCount === 0) {
      return {
        ...finding,
        outcome: 'invalid',
        reason: `no stream left by ${subject}: no slot had to come back`,
      };
    }
    // Each attempt opens the whole limit: where a part of one is missing, it is not known what the last one showed.
    if (limit === null || last.length < limit || streams.length % limit !== 0) {
      return {
        ...finding,
        outcome: 'invalid',
        reason: 'the streams that would show whether slots come back were not opened',
      };
    }
    const unmade = unmadeConnections(last);
    if (unmade !== null) return { ...finding, outcome: 'invalid', reason: unmade };
    if (acceptedCount === limit) {
      return { ...finding, outcome: 'pass', reason: `after ${subject}, all ${limit} slots were free again` };
    }
    const reason = `after ${subject}, only ${acceptedCount} of ${limit} slots came back (${refusedCount} × ${refusalWords(run.config, last.map(saidBy))} on the last of ${attemptCount} attempts): look for an end that does not release its slot`;
    return { ...finding, outcome: 'fail', reason };
  });
};

import type { Check } from '../model.ts';
import { acceptedStatus } from './answers.ts';

/** The scenario ran to its end, connections could be made, and beside the warm-up some became streams. */
export const loadLanded: Check = (scenario, { run }) => {
  const accepted = acceptedStatus(run.config);
  const count = (ending: 'connect-failed' | 'protocol-error') =>
    scenario.streams.filter((stream) => stream.ending === ending).length +
    scenario.tallies.reduce((sum, tally) => sum + (tally.endings[ending] ?? 0), 0);
  const streamCount =
    scenario.streams.length + scenario.tallies.reduce((sum, tally) => sum + tally.streamCount, 0);
  const errorOf = (ending: 'connect-failed' | 'protocol-error') =>
    scenario.streams.find((stream) => stream.ending === ending)?.error ??
    scenario.tallies.find(({ endings, lastError }) => (endings[ending] ?? 0) > 0 && lastError !== null)
      ?.lastError ??
    'see the journal';
  const [connectFailedCount, protocolErrorCount] = [count('connect-failed'), count('protocol-error')];
  const acceptedCount =
    scenario.streams.filter(({ answer }) => answer === 'accepted').length +
    scenario.tallies
      .filter(({ phase }) => phase !== 'warm-up')
      .reduce((sum, { statuses }) => sum + (statuses[accepted] ?? 0), 0);
  const evidence = { streamCount, acceptedCount, connectFailedCount, protocolErrorCount };
  const finding = { check: 'load-landed', scenario: scenario.scenario, subject: '', evidence } as const;
  if (scenario.endedMs === null || scenario.error !== null) {
    const reason = `the scenario did not come to its end: ${scenario.error ?? 'the journal stops in the middle of it'}`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (streamCount === 0)
    return [{ ...finding, outcome: 'invalid', reason: 'not a single stream was opened' }];
  if (protocolErrorCount > 0) {
    return [
      {
        ...finding,
        outcome: 'fail',
        reason: `${protocolErrorCount} of ${streamCount} answers were not what was asked for: ${errorOf('protocol-error')}`,
      },
    ];
  }
  if (connectFailedCount > 0) {
    return [
      {
        ...finding,
        outcome: 'invalid',
        reason: `${connectFailedCount} of ${streamCount} connections could not be made: ${errorOf('connect-failed')}`,
      },
    ];
  }
  const unknownCount = scenario.tallies.reduce(
    (sum, { streamCount: all, statuses }) =>
      sum + Math.max(0, all - Object.values(statuses).reduce((known, of) => known + of, 0)),
    0,
  );
  if (unknownCount > 0) {
    const reason = `how ${unknownCount} of ${streamCount} streams were answered is not known`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (acceptedCount === 0) {
    const reason = `none of ${streamCount} requests for a stream was answered with ${accepted}: see that --url is right, and whether --header has to say who asks`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  return [{ ...finding, outcome: 'pass', reason: `${streamCount} streams were opened as planned` }];
};

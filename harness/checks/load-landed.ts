import type { Check } from '../model.ts';

/** The scenario ran to its end, and connections could be made at all. */
export const loadLanded: Check = (scenario) => {
  const count = (ending: 'connect-failed' | 'protocol-error') =>
    scenario.streams.filter((stream) => stream.ending === ending).length +
    scenario.tallies.reduce((sum, tally) => sum + (tally.endings[ending] ?? 0), 0);
  const streamCount =
    scenario.streams.length + scenario.tallies.reduce((sum, tally) => sum + tally.streamCount, 0);
  const [connectFailedCount, protocolErrorCount] = [count('connect-failed'), count('protocol-error')];
  const evidence = { streamCount, connectFailedCount, protocolErrorCount };
  const finding = { check: 'load-landed', scenario: scenario.scenario, subject: '', evidence } as const;
  if (scenario.endedMs === null || scenario.error !== null) {
    const reason = `the scenario did not come to its end: ${scenario.error ?? 'the journal stops in the middle of it'}`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (streamCount === 0)
    return [{ ...finding, outcome: 'invalid', reason: 'not a single stream was opened' }];
  if (protocolErrorCount > 0) {
    const error =
      scenario.streams.find(({ ending }) => ending === 'protocol-error')?.error ?? 'see the journal';
    return [
      {
        ...finding,
        outcome: 'fail',
        reason: `${protocolErrorCount} of ${streamCount} answers were no event streams: ${error}`,
      },
    ];
  }
  if (connectFailedCount > 0) {
    const error =
      scenario.streams.find(({ ending }) => ending === 'connect-failed')?.error ?? 'see the journal';
    return [
      {
        ...finding,
        outcome: 'invalid',
        reason: `${connectFailedCount} of ${streamCount} connections could not be made: ${error}`,
      },
    ];
  }
  return [{ ...finding, outcome: 'pass', reason: `${streamCount} streams were opened as planned` }];
};

import { describe, expect } from 'vitest';
import { referenceCommand, referenceTarget } from '../harness/config.ts';
import { boxTest, shown } from './support/cli.ts';
import { findingsOf, notPassed } from './support/findings.ts';

/**
 * A sample of what `npm run faults` does with all of them: the reference server passes, and with a defect in it the
 * check that is there for this defect fails, and no other.
 */
function argsFor(scenario: string, fault: string | null): string[] {
  const { command, url, key, eventsFile, limit, deadline } = referenceTarget();
  return [
    ...['run', '--scenarios', scenario, '--seed', '1'],
    ...['--command', fault === null ? command : referenceCommand(`--fault ${fault}`)],
    ...['--url', url, '--key', key, '--events-file', eventsFile],
    ...['--limit', String(limit), '--deadline', deadline],
  ];
}

describe('limit', () => {
  boxTest('passes on the good server', async ({ box }) => {
    const result = await box.run(argsFor('limit', null));
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
  });

  boxTest('catches no-limit', async ({ box }) => {
    const result = await box.run(argsFor('limit', 'no-limit'));
    expect(result.code, shown(result)).toBe(1);
    expect(new Set(failedChecks(result))).toEqual(new Set(['limit/connection-limit']));
  });

  boxTest('catches slot-kept-on-abort', async ({ box }) => {
    const result = await box.run(argsFor('limit', 'slot-kept-on-abort'));
    expect(result.code, shown(result)).toBe(1);
    expect(new Set(failedChecks(result))).toEqual(new Set(['limit/slots-released']));
  });
});

const failedChecks = (result: Parameters<typeof findingsOf>[0]) =>
  findingsOf(result)
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ scenario, check }) => `${scenario}/${check}`);

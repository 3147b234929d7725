import { describe, expect } from 'vitest';
import { referenceArgs } from '../bench/reference-args.ts';
import { boxTest, shown } from './support/cli.ts';
import { findingsOf, notPassed } from './support/findings.ts';

/** The arguments of a run on the reference server, with a defect in it or without. */
function argsFor(scenario: string, fault: string | null): string[] {
  return [
    ...['run', '--scenarios', scenario, '--seed', '1', '--paths', 'abrupt-drop', '--grace', '3s'],
    ...referenceArgs(fault),
  ];
}

const CASES = [
  { scenario: 'limit', fault: 'no-limit', check: 'connection-limit' },
  { scenario: 'limit', fault: 'slot-kept-on-abort', check: 'slots-released' },
];

/**
 * A quick sample of what `npm run faults` does with all of them: the reference server passes, and with a defect in it the
 * check that is there for this defect fails, and no other.
 */
describe.concurrent('the reference server', () => {
  boxTest('passes without a fault', async ({ box }) => {
    const result = await box.run(argsFor('limit', null));
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
  });

  for (const { scenario, fault, check } of CASES) {
    boxTest(
      `with ${fault} fails ${scenario}/${check}, and nothing else`,
      { timeout: 300_000 },
      async ({ box }) => {
        const result = await box.run(argsFor(scenario, fault));
        expect(result.code, shown(result)).toBe(1);
        const bad = findingsOf(result).filter(({ outcome }) => outcome !== 'pass');
        expect(new Set(bad.map((finding) => finding.check))).toEqual(new Set([check]));
        expect(bad.map(({ outcome }) => outcome)).toContain('fail');
        expect(result.stdout).toContain(`✖ ${scenario} › ${check}`);
      },
    );
  }
});

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Report } from '../../harness/model.ts';
import {
  emptyReport,
  failingReport,
  inconclusiveReport,
  interruptedReport,
  passingReport,
} from '../../reports/testing/sample-report.ts';
import { protocolCases, type Trial } from './cases.ts';
import { differences } from './run-trial.ts';

const wants = (fails: string[]): Trial => ({ what: 'a trial', side: 'clean', args: [], fails });
const failing = (report: Report) =>
  report.scenarios
    .flatMap(({ findings }) => findings)
    .filter(({ outcome }) => outcome === 'fail')
    .map(({ scenario, check, subject }) => `${scenario}/${check}${subject === '' ? '' : ` (${subject})`}`);

test('a trial is as expected when what it names fails, and nothing else', () => {
  expect(differences(passingReport(), wants([]))).toEqual([]);
  const report = failingReport();
  const [first = '', ...others] = failing(report);
  expect(differences(report, wants([]))).toContain(`unexpected: ${first}`);
  expect(differences(report, wants(others))).toContain(`unexpected: ${first}`);
  expect(differences(passingReport(), wants([first]))).toEqual([`missing: ${first}`, 'verdict pass']);
});

test('a run that decided nothing, or did not come to its end, is never as expected', () => {
  for (const report of [inconclusiveReport(), interruptedReport(), emptyReport()])
    expect(differences(report, wants([]))).not.toEqual([]);
  const undecided = inconclusiveReport();
  const names = undecided.scenarios
    .flatMap(({ findings }) => findings)
    .filter(({ outcome }) => outcome !== 'pass')
    .map(({ scenario, check, subject }) => `${scenario}/${check}${subject === '' ? '' : ` (${subject})`}`);
  expect(differences(undecided, wants(names)).some((one) => one.startsWith('not decided: '))).toBe(true);
});

test.for(protocolCases)(
  '$name has both its servers, a leak that the twin must show and the good one must not',
  ({ name, trials }) => {
    for (const side of ['clean', 'leaky'])
      expect(existsSync(fileURLToPath(new URL(`${name}/${side}.mjs`, import.meta.url)))).toBe(true);
    const leaks = trials.filter(({ what }) => what === 'abrupt drop');
    expect(leaks.map(({ side, fails }) => [side, fails])).toEqual([
      ['clean', []],
      ['leaky', ['churn/memory-leak (abrupt drop)']],
    ]);
  },
);

import { expect, test } from 'vitest';
import {
  emptyReport,
  failingReport,
  inconclusiveReport,
  interruptedReport,
  passingReport,
} from '../reports/testing/sample-report.ts';
import { matcherResult } from './vitest.ts';

test.each([
  ['passing', passingReport(), true, false],
  ['failing', failingReport(), false, true],
  ['inconclusive', inconclusiveReport(), false, false],
  ['interrupted', interruptedReport(), false, false],
  ['empty', emptyReport(), false, false],
  ['a pass that was cut short', { ...passingReport(), complete: false }, false, false],
  ['a failure that was cut short', { ...failingReport(), complete: false }, false, false],
])('%s: what is not known passes in neither form', (_, report, positive, negative) => {
  // Vitest turns the result round for `.not`.
  expect(matcherResult(report, false).pass, 'the positive form').toBe(positive);
  expect(!matcherResult(report, true).pass, 'the form with .not').toBe(negative);
});

test('the message is the evidence of the report', () => {
  const message = matcherResult(failingReport(), false).message();
  expect(message).toContain('✖ churn › memory-leak: abrupt drop');
  expect(message).toContain('172 B per connection');
  expect(message).toMatch(/Repeat this run:\n {2}npx hydrotest run --duration 30s --seed 42\n$/);
});

test('a target that makes no sense fails both forms', async () => {
  for (const target of [{}, { command: 'node server.js' }]) {
    await expect(expect(target).toHoldStreams({ streams: 1 })).rejects.toThrow('{port}');
    await expect(expect(target).not.toHoldStreams({ streams: 1 })).rejects.toThrow('{port}');
    await expect(expect(target).not.toReleaseEverything()).rejects.toThrow('{port}');
  }
});

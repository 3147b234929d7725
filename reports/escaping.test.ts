import { describe, expect, test } from 'vitest';
import { compare } from '../harness/compare/compare.ts';
import { historyEntryOf } from '../harness/compare/history.ts';
import { measuredIn } from '../harness/compare/side.ts';
import type { HistoryEntry, Report } from '../harness/model.ts';
import { blockLines } from '../harness/progress/block.ts';
import { STATUS } from '../harness/progress/testing/status.ts';
import type { RunStatus } from '../harness/run.ts';
import {
  elementFault,
  faultIn,
  junitFault,
  looks,
  markdownFault,
  none,
  pageFault,
  payload,
} from '../harness/testing/hostile-text.ts';
import { healthyRun } from '../harness/testing/records.ts';
import { comparisonMarkdown, renderComparison, trendPage } from './index.ts';
import { replaced, stringLeaves } from './testing/leaves.ts';
import { failingReport, interruptedReport } from './testing/sample-report.ts';

/** With all kinds of findings, one of each: a page of everything takes too long to make for each field. */
const sample: Report = {
  ...failingReport(),
  scenarios: failingReport().scenarios.filter(({ findings }) =>
    findings.some(({ outcome }) => outcome !== 'pass'),
  ),
  skipped: interruptedReport().skipped,
};

/**
 * Fields with a few known values, all written by the judge, since a journal with another value in one is refused (escaping-journal.test.ts). What
 * a value stands for cannot be looked up then: no report is made rather than a wrong one.
 */
const closed =
  /(outcome|state|probe|unit|mode|model|quantity|severity|kind|change|startedAt|check|cause|shape|with|confounded\.0\.0)$/;

function faultsOf<T extends object>(
  value: T,
  render: (poisoned: T) => string,
  faultOf: (text: string) => string | null,
): string[] {
  const faults: string[] = [];
  for (const path of stringLeaves(value)) {
    let text: string;
    try {
      text = render(replaced(value, path, payload));
    } catch (error) {
      if (closed.test(path.join('.'))) continue;
      faults.push(`${path.join('.')}: throws ${(error as Error).message}`);
      continue;
    }
    const fault = faultIn(text, faultOf);
    if (fault !== null) faults.push(`${path.join('.')}: ${fault}`);
  }
  return faults;
}

describe('hostile text in each field of a report in turn stays text', () => {
  test.each(looks)('%s', (_name, render, faultOf) => {
    expect(faultsOf(sample, render, faultOf)).toEqual([]);
  });

  test('of a comparison', () => {
    const run = measuredIn(healthyRun(['timeout', 'hold']), '/runs/a');
    const side = { name: 'a', runs: [run], leftOut: [{ folder: 'b', reason: 'c' }] };
    const comparison = compare(side, { ...side, runs: [] }, [{ what: 'd', baseline: 'e', run: 'f' }]);
    expect(faultsOf(comparison, comparisonMarkdown, markdownFault)).toEqual([]);
    expect(faultsOf(comparison, (one) => renderComparison(one, { columns: 100 }), none)).toEqual([]);
  });

  test('of a history', () => {
    const entry = historyEntryOf(measuredIn(healthyRun(['timeout']), '/runs/a'), 'abc123');
    const page = (one: HistoryEntry) => trendPage({ entries: [one, entry], skippedLineCount: 1 });
    const scripts = (text: string) => text.match(/<script\b|<\/script\b/gi)?.length;
    const faultOf = (text: string) =>
      scripts(text) === scripts(page(entry)) ? elementFault(text) : 'tags of scripts';
    expect(faultsOf(entry, page, faultOf)).toEqual([]);
  });

  test('of the progress', () => {
    const lines = (one: RunStatus) => blockLines(one, { readings: [1, 2], peakBytes: 2 }, 200).join('\n');
    expect(faultsOf(STATUS, lines, none)).toEqual([]);
  });
});

test('twin: a renderer that leaves text as it is is found by each look', () => {
  const raw = ({ runId }: Report) => `<p>${runId}</p>`;
  const leaf = (faultOf: (text: string) => string | null, text: string) =>
    faultOf(raw({ ...failingReport(), runId: text }));
  expect(faultsOf({ runId: 'x' }, ({ runId }) => runId, none)).toEqual(['runId: U+1b']);
  expect(leaf(pageFault, '<b hostile>')).not.toBeNull();
  expect(leaf(markdownFault, '@hostile-team')).not.toBeNull();
  expect(leaf(markdownFault, '[x](javascript:hostile())')).not.toBeNull();
  expect(leaf(junitFault, '<img src=hostile>')).not.toBeNull();
});

import { describe, expect, test } from 'vitest';
import { compare } from '../harness/compare/compare.ts';
import { measuredIn } from '../harness/compare/side.ts';
import type { Report } from '../harness/model.ts';
import { blockLines } from '../harness/progress/block.ts';
import { STATUS } from '../harness/progress/testing/status.ts';
import type { RunStatus } from '../harness/run.ts';
import { explain } from '../harness/test-suite.ts';
import { healthyRun } from '../harness/testing/records.ts';
import {
  comparisonMarkdown,
  html,
  json,
  junit,
  markdown,
  renderComparison,
  renderMarkdown,
  renderTerminal,
} from './index.ts';
import { replaced, stringLeaves } from './testing/leaves.ts';
import { failingReport, interruptedReport } from './testing/sample-report.ts';

/** Controls of terminals, C1, direction, NUL; markup of HTML, Markdown and XML; all of it says `hostile`. */
const payload = [
  '\x1b[31mhostile\x1b[2J\x1b]52;c;aG9zdGlsZQ==\x07\x1bP1$r0m\x1b\\ \u009b31m\u009d0;hostile\u009c \u202ehostile\u2066 \0\x07\b\r',
  '<img src=hostile onerror=hostile()> " onhostile="1 \' onhostile=\'1 </script><script>hostile()</script>',
  '![hostile](http://hostile.example/x.png) [hostile](javascript:hostile()) | `hostile` ``` @hostile-team ]]> <!-- -->',
  '# hostile',
].join('\n');

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const tag = /<[a-z!/][^\s>]*(?:\s+(?:"[^"]*"|'[^']*'|[^"'>])*)?>/gi;

/** What the payload has made of a page, in words; null: nothing. */
function pageFault(page: string): string | null {
  const scripts = page.match(/<script\b|<\/script\b/gi)?.length ?? 0;
  if (scripts !== plainScripts) return `${scripts} tags of scripts`;
  for (const [element] of page.replace(/<(script|style)\b[^>]*>.*?<\/\1>/gs, '').matchAll(tag)) {
    if (/hostile/.test(element.replace(/"[^"]*"/g, ''))) return element;
    if (/(href|src|action|style|on\w+)="[^"]*(hostile|javascript:)/.test(element)) return element;
  }
  return null;
}

const plainScripts = html.render(failingReport()).match(/<script\b|<\/script\b/gi)?.length ?? 0;

/** The same of a text in Markdown: outside of code nothing of it is left that has a meaning. */
function markdownFault(text: string): string | null {
  const prose = text.replace(/^(`{3,})[^`\n]*\n.*?\n\1$/gms, '').replace(/\\[\\`*_[\]|~$#+=.)-]/g, '');
  const name = /<img|<script|<\/script|@hostile/.exec(prose);
  if (name !== null) return name[0];
  // A block of HTML until the blank line (CommonMark 4.6): Markdown has no meaning there.
  const found = /\]\(javascript|\]\(http:\/\/hostile|`hostile|@hostile|^# hostile/m.exec(
    prose.replace(/^<details[^\n]*<summary>[^\n]*<\/summary>$/gm, ''),
  );
  return found?.[0] ?? null;
}

function junitFault(text: string): string | null {
  return /<img|<script|<\/script/.exec(text.replace(/<!\[CDATA\[.*?\]\]>/gs, ''))?.[0] ?? null;
}

/** With all kinds of findings, one of each: a page of everything takes too long to make for each field. */
const sample: Report = {
  ...failingReport(),
  scenarios: failingReport().scenarios.filter(({ findings }) =>
    findings.some(({ outcome }) => outcome !== 'pass'),
  ),
  skipped: interruptedReport().skipped,
};

type Look = [name: string, render: (report: Report) => string, faultOf: (text: string) => string | null];
const none = () => null;
const looks: Look[] = [
  ['terminal', (report) => renderTerminal(report), none],
  ['explain', explain, none],
  ['markdown', (report) => markdown.render(report) as string, markdownFault],
  ['step summary', (report) => renderMarkdown(report, { maxBytes: 6_000 }), markdownFault],
  ['junit', (report) => junit.render(report) as string, junitFault],
  ['json', (report) => json.render(report) as string, none],
  ['html', (report) => html.render(report) as string, pageFault],
];

/**
 * Fields with a few known values, all written by the judge, since a journal with another value in one is refused (harness/hostile-journal.test.ts). What
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
    const control = controls.exec(text)?.[0];
    const fault = control === undefined ? faultOf(text) : `U+${control.charCodeAt(0).toString(16)}`;
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

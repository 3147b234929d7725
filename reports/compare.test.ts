import { expect, test } from 'vitest';
import { compare } from '../harness/compare/compare.ts';
import { measuredIn } from '../harness/compare/side.ts';
import { healthyRun } from '../harness/testing/records.ts';
import { comparisonMarkdown, renderComparison } from './index.ts';

const HOSTILE = '<img src=x onerror=alert(1)> | `a` [b](javascript:1)\n## c \x1b[31m\u202e';

function comparisonOf(name: string) {
  const run = measuredIn(healthyRun(['timeout', 'hold']), `/runs/${name}`);
  const side = { name, runs: [run], leftOut: [{ folder: name, reason: name }] };
  return compare(side, { ...side, runs: [] }, [{ what: name, baseline: name, run: name }]);
}

test('text from outside stays text in Markdown: no element, no link, no heading, no cell of its own', () => {
  const text = comparisonMarkdown(comparisonOf(HOSTILE));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
  expect(text).not.toMatch(/<img|(?<!\\)\[b\]\(|^## c|\x1b|\u202e/m);
  // A row of the table of what is unlike has its three cells.
  const row = text.split('\n').find((line) => line.startsWith('| ') && line.includes('onerror')) ?? '';
  expect(row.match(/(?<!\\)\|/g)).toHaveLength(4);
});

test('twin: plain text is as it was', () => {
  expect(comparisonMarkdown(comparisonOf('main'))).toContain('- Baseline: main, 1 run: ');
});

test('on a terminal it can neither colour nor turn a line', () => {
  const text = renderComparison(comparisonOf(HOSTILE), { columns: 100 });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
  expect(text).not.toMatch(/\x1b|\u202e/);
  expect(text).not.toMatch(/NaN|Infinity/);
});

import { expect, test } from 'vitest';
import { markdown, renderMarkdown } from './markdown.ts';
import { escapeMarkdown } from './markdown-text.ts';
import {
  emptyReport,
  failingReport,
  hostileReport,
  inconclusiveReport,
  interruptedReport,
  largeReport,
  passingReport,
  warnedReport,
} from './testing/sample-report.ts';

test('a failing run', async () => {
  await expect(markdown.render(failingReport())).toMatchFileSnapshot('testing/snapshots/failing.md');
});

test('a passing run', async () => {
  await expect(markdown.render(passingReport())).toMatchFileSnapshot('testing/snapshots/passing.md');
});

test.each([
  ['a|b', 'a\\|b'],
  ['`x`', '\\`x\\`'],
  ['<b>&amp;', '&lt;b&gt;&amp;amp;'],
  ['a\nb\r\n# c', 'a b # c'],
  ['# head', '\\# head'],
  ['- item', '\\- item'],
  ['1. item', '1\\. item'],
  ['[x](http://y) www.z.org', '\\[x\\](http&#58;//y) www&#46;z.org'],
  ['back\\slash *b* _i_ ~s~ $m$', 'back\\\\slash \\*b\\* \\_i\\_ \\~s\\~ \\$m\\$'],
  ['\u001b[31mred\u0000', 'red'],
])('escapes %j', (text, escaped) => {
  expect(escapeMarkdown(text)).toBe(escaped);
});

test('hostile text breaks no table, makes no HTML and closes no fence', () => {
  const report = { ...hostileReport(), repeatCommand: 'run ``` \n```\n<script>alert(1)</script>' };
  const text = markdown.render(report);
  const [before, , after] = text.split(/^`{4,}(?:sh)?$/m);
  expect(`${before}${after}`.replace(/<\/?(?:details(?: open)?|summary|br)>/g, '')).not.toMatch(/<[a-z!/]/i);
  for (const table of text.split('\n\n').filter((part) => part.startsWith('|'))) {
    const cells = table.split('\n').map((row) => row.match(/(?<!\\)\|/g)?.length);
    expect(new Set(cells).size, table).toBe(1);
  }
  expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
});

test('says what is missing', () => {
  expect(markdown.render(emptyReport())).toContain('No scenario was run.');
  expect(markdown.render(interruptedReport())).toContain('**Incomplete run.**');
  expect(markdown.render(inconclusiveReport())).toContain('### Skipped');
  expect(markdown.render(largeReport()).match(/<details open>/g)).toHaveLength(30);
});

test('the fingerprint: leaks in bold with a symbol, what was not measured with its reason', () => {
  const text = markdown.render(failingReport());
  expect(text).toContain('| abrupt drop | ✖ leak | **✖ 172 B**<br>167 to 176 B | 0 ± 0.63 B<br>');
  expect(text).toContain('| slow reader | ✖ leak | **✖ 21.3 kB**<br>20.5 to 22.2 kB | with connection |');
  expect(text).toContain('- **deadline**: not measured: the target promises no deadline');
  expect(text).toContain('- **reconnect**: ✔ late release: held for about 42 s, then given back');
  expect(text).toContain('**At 1 connection a second this server crosses 500 MB in 34 days');
  expect(markdown.render(emptyReport())).not.toContain('fingerprint');
});

test('keeps the values of request headers to itself', () => {
  expect(markdown.render(failingReport())).not.toContain('not-to-be-shown');
});

test('what failed comes first and is open, what passed is folded up', () => {
  const text = markdown.render(failingReport());
  const open = [...text.matchAll(/^<details open><summary>(.)/gm)].map(([, symbol]) => symbol);
  expect(open).toEqual(['✖', '✖', '✖', '✖', '✖', '!', '?']);
  expect(text).toContain('<details><summary>✔ 13 passed</summary>');
  expect(text.indexOf('<details open>')).toBeLessThan(text.indexOf('### Leak fingerprint'));
});

test('a report that is too long is shortened, and says so', () => {
  const whole = markdown.render(largeReport());
  const bytes = Buffer.byteLength(whole);
  expect(renderMarkdown(largeReport(), { maxBytes: bytes })).toBe(whole);
  expect(whole).not.toContain('Shortened');
  for (const maxBytes of [bytes - 1, Math.round(bytes / 2), 8000]) {
    const short = renderMarkdown(largeReport(), { maxBytes });
    expect(Buffer.byteLength(short)).toBeLessThanOrEqual(maxBytes);
    expect(short).toMatch(/^## ✖ FAIL/);
    expect(short).toMatch(/^> \*\*Shortened\.\*\* \d+ of \d+ sections did not fit/m);
    expect(short.match(/<details/g)?.length).toBe(short.match(/<\/details>/g)?.length);
  }
});

test('a sentence without an end is cut', () => {
  const report = failingReport();
  report.verdict.reason = 'x'.repeat(3_000_000);
  expect(Buffer.byteLength(markdown.render(report))).toBeLessThan(1024 * 1024);
});

test('surroundings that change figures: a list; without any no such heading', () => {
  const [, section = ''] = markdown.render(warnedReport()).split('### Surroundings that change figures');
  const items = section.split('###')[0]?.match(/^- \*\*.*$/gm) ?? [];
  expect(items).toHaveLength(3);
  expect(items[0]).toMatch(/^- \*\*heap limit\*\*: .*67 MB.* Give a/);
  expect(items[1]).toContain('&lt;b&gt;long&lt;/b&gt;');
  expect(markdown.render(passingReport())).not.toContain('Surroundings');
});

import { stripVTControlCharacters, styleText } from 'node:util';
import { describe, expect, test } from 'vitest';
import { renderTerminal, renderVerdict, terminalOptions } from './terminal.ts';
import { unmeasuredRow } from './testing/sample-leaks.ts';
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
import { textWidth } from './text.ts';

const all = {
  passing: passingReport(),
  failing: failingReport(),
  inconclusive: inconclusiveReport(),
  interrupted: interruptedReport(),
  empty: emptyReport(),
  large: largeReport(),
  hostile: hostileReport(),
  warned: warnedReport(),
};

describe.each(Object.entries(all))('%s', (_, report) => {
  test.each([80, 100, 120, 200])('fits %i columns and leaves no trailing space', (columns) => {
    const lines = renderTerminal(report, { columns }).split('\n');
    expect(lines.filter((line) => textWidth(line) > columns)).toEqual([]);
    expect(lines.filter((line) => line.endsWith(' '))).toEqual([]);
  });

  test('colour changes nothing but colour, and ends on its line', () => {
    const plain = renderTerminal(report, { color: false });
    const colored = renderTerminal(report, { color: true });
    expect(plain).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(stripVTControlCharacters(colored)).toBe(plain);
    expect(colored).not.toMatch(/[^\S\n]+$/m);
  });

  test('says the outcome first', () => {
    expect(renderTerminal(report)).toMatch(/^[✔✖?!] (?:PASS|FAIL|INCONCLUSIVE|INVALID) {2}\S/);
  });
});

test('a passing run', async () => {
  await expect(renderTerminal(all.passing)).toMatchFileSnapshot('testing/snapshots/passing.txt');
});

test('a failing run, narrow', async () => {
  await expect(renderTerminal(all.failing, { columns: 80 })).toMatchFileSnapshot(
    'testing/snapshots/failing.txt',
  );
});

test('an inconclusive run with skipped scenarios', async () => {
  await expect(renderTerminal(all.inconclusive)).toMatchFileSnapshot('testing/snapshots/inconclusive.txt');
});

test('a failing run, wide: every interval, the thresholds and the probe', async () => {
  await expect(renderTerminal(all.failing, { columns: 120 })).toMatchFileSnapshot(
    'testing/snapshots/failing-wide.txt',
  );
});

test('what leaks is red and has a symbol, what was not measured is dim', () => {
  const colored = renderTerminal(all.failing, { color: true });
  expect(colored).toContain(styleText(['bold', 'red'], '✖ 172 B', { validateStream: false }));
  expect(colored).toContain(styleText('red', '✖ leak', { validateStream: false }));
  expect(colored).toContain(styleText('dim', 'not measured', { validateStream: false }));
  expect(colored).not.toContain(styleText(['bold', 'red'], '1.09 kB', { validateStream: false }));
});

test('paths none of which was measured are listed with why', () => {
  const fingerprint = ['deadline', 'rejection'].map((path) =>
    unmeasuredRow('churn', path, `no ${path} here`),
  );
  const text = renderTerminal({ ...all.passing, fingerprint }, { columns: 80 });
  expect(text).toContain('deadline: no deadline here');
  expect(text).toContain('rejection: no rejection here');
  expect(text).not.toContain('interval.');
});

test('an interrupted run says so, a complete one does not', () => {
  expect(renderTerminal(all.interrupted)).toContain('did not come to its end');
  expect(renderTerminal(all.passing)).not.toContain('did not come to its end');
});

test('every finding that did not pass is shown with reason and evidence, no passing one', () => {
  const text = renderTerminal(all.large);
  expect(text.match(/✖ tabs › cleanup: socket \d+$/gm)).toHaveLength(30);
  expect(text.match(/^ {4}longest wait/gm)).toHaveLength(30);
  expect(renderTerminal(all.passing)).not.toContain('What went wrong');
});

describe('colour and width come from the stream', () => {
  const terminal = { isTTY: true, columns: 132 };
  const cases: [string, { isTTY?: boolean; columns?: number }, NodeJS.ProcessEnv, boolean][] = [
    ['terminal', terminal, {}, true],
    ['pipe', {}, {}, false],
    ['NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['empty NO_COLOR', terminal, { NO_COLOR: '' }, true],
    ['FORCE_COLOR into a pipe', {}, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, false],
    ['both', terminal, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
    ['dumb terminal', terminal, { TERM: 'dumb' }, false],
  ];
  test.each(cases)('%s', (_, stream, environment, color) => {
    expect(terminalOptions(stream, environment)).toEqual({ columns: stream.columns ?? 100, color });
  });
});

test('surroundings that change figures: what was seen, where, what it does and what to do; none, no such lines', () => {
  const lines = renderTerminal(all.warned, { columns: 100 }).split('\n');
  const from = lines.indexOf('Surroundings that change figures');
  const [scenario, other] = all.warned.scenarios.map((one) => one.scenario);
  expect(lines.slice(from + 1, from + 8)).toEqual([
    `! heap limit: an option allows V8 a heap of 67 MB, and the budget is 500 MB (${scenario})`,
    '  A heap that leaks may end the target before it is over budget. Give a --budget near the limit, or',
    '  measure with the option that production has.',
    expect.stringMatching(/^! allocator: the target's allocator is not the default: MALLOC_ARENA_MAX=2 /),
    expect.stringMatching(new RegExp(`^ {2}\\S.*\\(${other} and 1 more\\)$`)),
    expect.stringMatching(/^ {2}Without it .*Measure with what/),
    '! overcommit: this machine promises no more memory than it has (vm.overcommit_memory is 2)',
  ]);
  expect(renderVerdict(all.warned)).toContain(
    '! surroundings that change figures: heap limit, allocator, overcommit\n',
  );
  for (const text of [renderTerminal(all.passing), renderVerdict(all.passing)])
    expect(text).not.toMatch(/surroundings/i);
});

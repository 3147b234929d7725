import { describe, expect, it } from 'vitest';
import type { Trial } from './run-case.ts';
import { renderForMarkdown, sections, upperBound } from './summary.ts';

it.each([
  // scipy 1.17.1, stats.beta.ppf(0.95, count + 1, n - count)
  [0, 12, 0.220922191944556],
  [0, 300, 0.009936081944457708],
  [1, 300, 0.01571455489158395],
  [3, 50, 0.14783717636418123],
  [10, 20, 0.6980460887135065],
])('%d of %d bound a rate below %f', (count, n, bound) => {
  expect(upperBound(count, n)).toBeCloseTo(bound, 10);
});

it('nothing bounds a rate of which all or none were tried', () => {
  expect(upperBound(0, 0)).toBe(1);
  expect(upperBound(4, 4)).toBe(1);
});

const trial = (over: Partial<Trial>): Trial => ({
  name: 'plain',
  side: 'clean',
  leakBytes: null,
  probe: 'heap',
  pressure: false,
  seed: 1,
  state: 'stable',
  cleanupFailed: false,
  right: true,
  trueBytes: 0,
  rateBytes: 1,
  lowBytes: 0,
  highBytes: 2,
  rivals: null,
  pathSeconds: 10,
  verdictSeconds: 12,
  reason: '',
  ...over,
});

const leak = (over: Partial<Trial>) =>
  trial({ side: 'leaky', state: 'leak', trueBytes: 100, rateBytes: 103, ...over });

/** The cells of the first row of a table, by its head. */
function firstRow(title: string, trials: Trial[]): Record<string, string> {
  const section = sections(trials).find((one) => one.title.startsWith(title));
  if (section === undefined) throw new Error(`there is no table ${title}`);
  return Object.fromEntries(section.head.map((name, i) => [name, section.rows[0]?.[i] ?? '']));
}

describe('the overview', () => {
  it('counts what was found, what was missed and what was called a leak without one', () => {
    const missed = leak({ state: 'stable', right: false });
    const alarm = trial({ state: 'leak', right: false });
    const open = trial({ state: 'inconclusive', right: false });
    expect(firstRow('How often', [leak({}), leak({}), missed, trial({}), alarm, open])).toMatchObject({
      'leaks found': '2 of 3',
      'false alarms': '1 of 3',
      undecided: '1',
      'rate error, median / largest': '3.0 % / 3.0 %',
    });
  });

  it('counts file descriptors that a clean server kept as a false alarm', () => {
    const kept = trial({ cleanupFailed: true, right: false });
    expect(firstRow('How often', [kept, trial({})])).toMatchObject({ 'false alarms': '1 of 2' });
  });

  it('does not count leaks that are smaller than what is promised', () => {
    const small = leak({ leakBytes: 32, trueBytes: 32, state: 'stable', right: false });
    const promised = leak({ leakBytes: 64, trueBytes: 64, rateBytes: 64 });
    expect(firstRow('How often', [small, promised])).toMatchObject({ 'leaks found': '1 of 1' });
    expect(firstRow('Power', [small, promised])).toMatchObject({ kept: '32 B', 'found, heap': '0 of 1' });
  });
});

it('tells runs under load from the others', () => {
  const names = sections([trial({}), trial({ pressure: true })])
    .find(({ title }) => title === 'Case by case')
    ?.rows.map(([name, side]) => [name, side]);
  expect(names).toEqual([
    ['plain', 'clean'],
    ['plain', 'clean, under load'],
  ]);
});

it('is a table in Markdown', () => {
  expect(renderForMarkdown([{ title: 'T', note: 'N.', head: ['a', 'b'], rows: [['1', '2']] }])).toBe(
    '## T\n\nN.\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n',
  );
});

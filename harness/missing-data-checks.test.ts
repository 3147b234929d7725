/** For each check all that it stands on, taken away one by one and two at a time: what is missing never passes. */
import { describe, expect, it } from 'vitest';
import { checks } from './checks/index.ts';
import type { CheckName } from './model.ts';
import { type Examined, examine } from './testing/examine.ts';
import { type Standing, TAKEAWAYS, type Take } from './testing/takeaways/index.ts';

/** A new check without its list of what it stands on turns this red. */
it('knows of every check what it stands on', () => {
  expect(Object.keys(TAKEAWAYS).toSorted()).toEqual(Object.keys(checks).toSorted());
  for (const cases of Object.values(TAKEAWAYS)) {
    expect(cases.length).toBeGreaterThan(0);
    for (const { takes } of cases) expect(Object.keys(takes).length).toBeGreaterThan(1);
  }
});

function without(check: CheckName, { scenario, prepare }: Standing, takes: Take[]): Examined {
  return examine(check, scenario, (record, run) => {
    for (const take of [...(prepare === undefined ? [] : [prepare]), ...takes]) take(record, run);
  });
}

const cases = Object.entries(TAKEAWAYS).flatMap(([check, standings]) =>
  standings.map((standing) => ({ check: check as CheckName, standing, name: `${check} ${standing.when}` })),
);

describe.each(cases)('$name', ({ check, standing }) => {
  const takes = Object.entries(standing.takes);
  const refused = (what: string) =>
    standing.mayFail?.includes(what) === true
      ? ['inconclusive', 'invalid', 'fail']
      : ['inconclusive', 'invalid'];

  it('passes with everything there', () => {
    const { outcome, report, reason } = without(check, standing, []);
    expect({ outcome, reason }).toEqual({ outcome: 'pass', reason });
    expect(report.verdict).toMatchObject({ outcome: 'pass' });
  });

  it.each(takes)('%s', (what, take) => {
    const { outcome, report, reason } = without(check, standing, [take]);
    expect(refused(what), reason).toContain(outcome);
    expect(report.verdict.outcome).not.toBe('pass');
  });

  it.each<[what: string, take: Take]>([
    ['a line of the journal torn', (_, run) => (run.tornLineCount = 1)],
    ['a line of the journal gone', (_, run) => (run.lostLineCount = 1)],
  ])('%s', (_, take) => {
    const { outcome, report } = without(check, standing, [take]);
    expect([outcome, report.verdict.outcome]).toEqual(['invalid', 'invalid']);
  });

  it('two at a time', () => {
    const passed: string[] = [];
    for (const [first, takeFirst] of takes) {
      for (const [second, takeSecond] of takes) {
        if (first === second) continue;
        const { outcome, report } = without(check, standing, [takeFirst, takeSecond]);
        if (outcome === 'pass' || outcome === 'none' || report.verdict.outcome === 'pass')
          passed.push(`${first}, then ${second}: ${outcome}`);
      }
    }
    expect(passed).toEqual([]);
  });
});

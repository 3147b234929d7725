import { describe, expect, it } from 'vitest';
import type { ScenarioRecord } from '../model.ts';
import { cyclesOf } from '../testing/entries.ts';
import { examine } from '../testing/examine.ts';
import { CONTROL_PATH } from './controls.ts';

function withPath(scenario: ScenarioRecord, path: string, cycles: ScenarioRecord['cycles']): void {
  scenario.cycles = [...scenario.cycles.filter((cycle) => cycle.path !== path), ...cycles];
}

describe('controls', () => {
  it('pass where a planted leak is found again and reading leaves nothing behind', () => {
    const { findings, outcome } = examine('controls', 'churn');
    expect(outcome).toBe('pass');
    expect(findings.map(({ subject }) => subject)).toEqual(['reading alone', 'planted leak']);
    expect(findings[1]?.reason).toMatch(
      /^a planted leak of 128 B a connection was found again as 1[123]\d B/,
    );
  });

  it('are invalid where the planted leak does not show: a stable path may not be one', () => {
    const { findings, report } = examine('controls', 'churn', (s) => {
      const flat = cyclesOf('churn', CONTROL_PATH).map((cycle) => ({
        ...cycle,
        plantedBytes: 128 * cycle.landedDose,
      }));
      withPath(s, CONTROL_PATH, flat);
    });
    expect(findings[1]).toMatchObject({ outcome: 'invalid', reason: expect.stringContaining('may not be') });
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('are invalid where it shows with another rate than it has', () => {
    const { findings } = examine('controls', 'churn', (s) => {
      withPath(
        s,
        CONTROL_PATH,
        cyclesOf('churn', CONTROL_PATH, 'connection', (dose) => 500 * dose, 128),
      );
    });
    expect(findings[1]?.outcome).toBe('invalid');
  });

  it('are invalid where each reading leaves as much behind as a leak would', () => {
    const { findings } = examine('controls', 'churn', (s) => {
      const idle = cyclesOf('churn', 'idle', 'second').map((cycle, reading) => {
        const { heap } = cycle.reading;
        if (heap !== null) cycle.reading.heap = { ...heap, usedBytes: heap.usedBytes + 100_000 * reading };
        return cycle;
      });
      withPath(s, 'idle', idle);
    });
    expect(findings[0]).toMatchObject({ outcome: 'invalid', subject: 'reading alone' });
  });

  it.each<[what: string, path: string]>([
    ['no leak was planted', CONTROL_PATH],
    ['nobody read an idle target', 'idle'],
  ])('are invalid where %s', (_, path) => {
    const { outcome } = examine('controls', 'churn', (s) => withPath(s, path, []));
    expect(outcome).toBe('invalid');
  });

  it('say nothing of a control that was not asked for', () => {
    const { outcome } = examine('controls', 'churn', (s, { run }) => {
      run.config.paths = ['abrupt drop'];
      s.cycles = s.cycles.filter(({ path }) => path === 'abrupt drop');
    });
    expect(outcome).toBe('none');
  });
});

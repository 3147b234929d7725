import { describe, expect, it } from 'vitest';
import type { CycleEntry, RunRecord, ScenarioRecord } from '../model.ts';
import { confirmationOf, cyclesOf, drainsOf, SCENARIO_MS } from '../testing/entries.ts';
import { type Examined, examine } from '../testing/examine.ts';
import { healthyRun } from '../testing/records.ts';
import { peakRss } from './memory-budget.ts';

type Change = (scenario: ScenarioRecord, run: RunRecord) => unknown;

describe('memory-budget', () => {
  it('passes under the budget, and says both figures', () => {
    const { outcome, reason } = examine('memory-budget', 'tabs');
    expect({ outcome, reason }).toEqual({ outcome: 'pass', reason: 'memory peaked at 110 MB of 500 MB' });
  });

  it.each<[what: string, change: Change]>([
    ['one sample over it', (s) => ((s.samples[4] as { rssBytes: number }).rssBytes = 501e6)],
    [
      'a peak between two samples, which the kernel saw',
      (s) => {
        for (const sample of s.samples.slice(5)) sample.peakRssBytes = 900e6;
      },
    ],
    [
      'a peak of an attached target, which the kernel saw while it was watched',
      (s) => {
        s.command = null;
        for (const sample of s.samples.slice(5)) sample.peakRssBytes = 900e6;
      },
    ],
    [
      'over it at a careful reading only',
      (s) => Object.assign(s.levels[1]?.reading ?? {}, { rssBytes: 501e6, peakRssBytes: null }),
    ],
    ['a smaller budget', (_, { run }) => (run.config.budgetBytes = 109e6)],
    [
      'over it in a scenario that was cut short: more time would not undo it',
      (s) => {
        s.endedMs = null;
        for (const sample of s.samples) sample.rssBytes = 501e6;
      },
    ],
  ])('fails: %s', (_, change) => {
    const { outcome, reason, report } = examine('memory-budget', 'tabs', change);
    expect(outcome).toBe('fail');
    expect(reason).toContain('over the budget');
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, rssBytes: number, swapBytes: number, outcome: string, says: string]>([
    ['what is swapped out counts', 300e6, 201e6, 'fail', 'peaked at 501 MB with what was swapped out'],
    ['both together are below it', 300e6, 80e6, 'pass', 'memory peaked at 400 MB'],
    ['whether both were high at once is not known', 300e6, 150e6, 'inconclusive', 'no sample shows'],
  ])('of a target that is swapped out: %s', (_, rssBytes, swapBytes, outcome, says) => {
    const found = examine('memory-budget', 'tabs', (s) => {
      // Resident memory was higher once, between two samples.
      for (const sample of s.samples)
        Object.assign(sample, { rssBytes, highestRssBytes: rssBytes, swapBytes });
      for (const sample of s.samples) sample.peakRssBytes = 400e6;
    });
    expect(found.outcome).toBe(outcome);
    expect(found.reason).toContain(says);
  });

  it('passes with all of the budget used', () => {
    const { outcome } = examine('memory-budget', 'tabs', (_, { run }) => (run.config.budgetBytes = 110e6));
    expect(outcome).toBe('pass');
  });

  it('does not count what an attached target had used before it was watched', () => {
    const { outcome } = examine('memory-budget', 'tabs', (s) => {
      s.command = null;
      for (const sample of s.samples) sample.peakRssBytes = 900e6;
    });
    expect(outcome).toBe('pass');
  });

  it('does without high-water marks where the kernel keeps none', () => {
    const { outcome, reason } = examine('memory-budget', 'tabs', (s) => {
      const readings = [...s.samples, ...s.levels.map(({ reading }) => reading)];
      for (const reading of readings) reading.peakRssBytes = null;
    });
    expect({ outcome, reason }).toEqual({ outcome: 'pass', reason: 'memory peaked at 100 MB of 500 MB' });
  });

  it.each<[what: string, change: Change]>([
    ['no sample', (s) => (s.samples = [])],
    ['one sample', (s) => (s.samples = s.samples.slice(0, 1))],
    ['fewer than one sample in two seconds', (s) => (s.samples = s.samples.slice(0, 4))],
    [
      'plenty of samples at first, then none for longer than any of them could be late',
      (s, run) => {
        for (let i = 0; i < 100; i++) s.samples.push({ ...(s.samples.at(-1) as (typeof s.samples)[0]) });
        s.endedMs = s.elapsedMs + SCENARIO_MS + 31_000;
        run.durationMs = s.endedMs;
      },
    ],
    [
      'the journal stops, and long before that the samples did',
      (s, run) => {
        s.endedMs = null;
        run.durationMs = 600_000;
      },
    ],
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'no more sockets')],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('memory-budget', 'tabs', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('sees a peak in readings that were left out of the samples', () => {
    const { outcome, reason } = examine('memory-budget', 'tabs', (s) => {
      Object.assign(s.samples[4] as object, { readingCount: 20, highestRssBytes: 501e6 });
    });
    expect({ outcome, reason }).toMatchObject({
      outcome: 'fail',
      reason: expect.stringMatching(/^memory peaked at 501 MB/),
    });
  });

  it('counts readings, not samples: a long run keeps one for twenty', () => {
    const thinOut = (readingCount: number) =>
      examine('memory-budget', 'tabs', (s, run) => {
        const [one] = s.samples as [ScenarioRecord['samples'][number]];
        s.samples = Array.from({ length: 10 }, (_, i) => ({
          ...one,
          elapsedMs: s.elapsedMs + 20_000 * (i + 1),
          readingCount,
        }));
        for (const [i, phase] of s.phases.entries()) phase.elapsedMs = s.elapsedMs + 60_000 * i;
        s.endedMs = s.elapsedMs + 200_000;
        run.durationMs = s.endedMs;
      });
    expect(thinOut(20)).toMatchObject({ outcome: 'pass', findings: [{ evidence: { sampleCount: 200 } }] });
    // The same samples, and nobody has read anything in between.
    expect(thinOut(1)).toMatchObject({ outcome: 'invalid', findings: [{ evidence: { sampleCount: 10 } }] });
  });

  it('reads journals from before samples were thinned out: each stands for itself', () => {
    const old = (change: Change) =>
      examine('memory-budget', 'tabs', (s, run) => {
        for (const sample of s.samples) {
          delete (sample as Partial<typeof sample>).readingCount;
          delete (sample as Partial<typeof sample>).highestRssBytes;
        }
        change(s, run);
      }).outcome;
    expect(old(() => {})).toBe('pass');
    expect(old((s) => (s.samples = s.samples.slice(0, 4)))).toBe('invalid');
    expect(old((s) => Object.assign(s.samples[4] as object, { rssBytes: 501e6 }))).toBe('fail');
  });

  it('looks through the samples of a week', () => {
    const [tabs] = healthyRun(['tabs']).scenarios as [ScenarioRecord];
    const one = tabs.samples[0] as ScenarioRecord['samples'][number];
    const week = Array.from({ length: 7 * 24 * 3600 }, () => one);
    week.push({ ...one, rssBytes: 300e6 });
    expect(peakRss({ ...tabs, samples: week })).toBe(300e6);
  });
});

/** The scenario as if it had this one path. */
function onlyPath(scenario: ScenarioRecord, cycles: CycleEntry[]): void {
  scenario.paths = [...new Set(cycles.map(({ path }) => path))];
  scenario.cycles = cycles;
}

describe('memory-leak', () => {
  it('passes where each path keeps less than the threshold', () => {
    const { findings, outcome } = examine('memory-leak', 'churn');
    expect(outcome).toBe('pass');
    expect(findings.map(({ subject }) => subject)).toEqual([
      'graceful close',
      'abrupt drop',
      'drop before the first byte',
      'slow reader',
      'reconnect',
      'new key each time',
      'idle',
    ]);
    expect(findings[0]?.reason).toMatch(
      /^keeps less than -?[\d.]+ B a connection \(99\.7 %\), over \d+ conn/,
    );
  });

  it('fails on the one path that leaks, with the rate', () => {
    const { findings, report } = examine('memory-leak', 'churn', (s) => {
      s.cycles = s.cycles.map((cycle) => ({ ...cycle }));
      const leaking = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 4000 * dose);
      const again = confirmationOf(leaking);
      s.cycles = [...s.cycles.filter(({ path }) => path !== 'abrupt drop'), ...leaking, ...again];
      s.drains = drainsOf(again);
    });
    const failed = findings.filter(({ outcome }) => outcome === 'fail');
    expect(failed.map(({ subject }) => subject)).toEqual(['abrupt drop']);
    expect(failed[0]?.reason).toMatch(
      /keeps (3\.9\d|4\.0\d) kB a connection for ever .*, confirmed on a fresh process; 75 s later it was still there/,
    );
    expect(report.verdict.outcome).toBe('fail');
    expect(report.verdict.reason).toContain('churn, abrupt drop: keeps');
  });

  it.each([
    ['event', 'growth', 100],
    ['rejection', 'reject', 1000],
  ] as const)('fails on a leak an %s, in its own words', (unit, scenario, rate) => {
    const { outcome, reason } = examine('memory-leak', scenario, (s) => {
      const [path = ''] = s.paths;
      const cycles = cyclesOf(scenario, path, unit, (dose) => rate * dose);
      const again = confirmationOf(cycles);
      Object.assign(s, { cycles: [...cycles, ...again], drains: drainsOf(again) });
    });
    expect(outcome).toBe('fail');
    expect(reason).toContain(unit === 'event' ? 'an event' : 'a rejection');
  });

  it('passes what grew and stopped, and says so', () => {
    const { outcome, reason } = examine('memory-leak', 'churn', (s) => {
      onlyPath(
        s,
        cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 2000 * Math.min(dose, 4500)),
      );
    });
    expect({ outcome, reason }).toMatchObject({
      outcome: 'pass',
      reason: expect.stringContaining('stopped'),
    });
  });

  it('is inconclusive at the threshold itself, and so is the run', () => {
    const { outcome, reason, report } = examine('memory-leak', 'churn', (s, { run }) => {
      run.config.paths = ['abrupt drop'];
      onlyPath(
        s,
        cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 48 * dose),
      );
    });
    expect(outcome).toBe('inconclusive');
    expect(reason).toContain('cannot be told from the threshold of 48.0 B');
    expect(report.verdict.outcome).toBe('inconclusive');
  });

  /** What grows is anonymous memory; the heap, which is flat, must not be asked. */
  const growingPages = (bytesPerConnection: number) =>
    examine('memory-leak', 'churn', (s) => {
      s.target = s.target.map((entry) => ({ ...entry, leakProbe: 'anonymous' }));
      let total = 0;
      const cycles = cyclesOf('churn', 'abrupt drop');
      for (const cycle of cycles) {
        total += cycle.landedDose;
        cycle.reading.anonymousBytes = 60e6 + bytesPerConnection * total;
      }
      const again = confirmationOf(cycles);
      onlyPath(s, [...cycles, ...again]);
      const last = again.at(-1)?.reading;
      s.drains = last === undefined ? [] : drainsOf(again).map((entry) => ({ ...entry, reading: last }));
    });

  it('judges by the reading that the target allows', () => {
    expect(growingPages(40_000).findings[0]).toMatchObject({
      outcome: 'fail',
      evidence: { probe: 'anonymous' },
    });
    expect(growingPages(0).findings[0]).toMatchObject({ outcome: 'pass', evidence: { probe: 'anonymous' } });
  });

  it('does not call a leak what may be garbage, and says what to do about it', () => {
    const { outcome, reason } = growingPages(4000);
    expect(outcome).toBe('inconclusive');
    expect(reason).toMatch(/looks like a leak, but .* MB may be garbage.*leave out --no-inspect/);
  });

  const leaking = (keptRatio: number | null, freshRate = 4000): Examined =>
    examine('memory-leak', 'churn', (s) => {
      const cycles = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 4000 * dose);
      const again = confirmationOf(
        cyclesOf('churn', 'abrupt drop', 'connection', (dose) => freshRate * dose),
      );
      onlyPath(s, [...cycles, ...again]);
      s.drains = keptRatio === null ? [] : drainsOf(again, keptRatio);
    });

  it('calls nothing a leak that a fresh process does not show', () => {
    const refuted = leaking(1, 0);
    expect(refuted.outcome).toBe('inconclusive');
    expect(refuted.reason).toContain('a fresh process did not show it');
    const unconfirmed = examine('memory-leak', 'churn', (s) =>
      onlyPath(
        s,
        cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 4000 * dose),
      ),
    );
    expect(unconfirmed.outcome).toBe('inconclusive');
    expect(unconfirmed.reason).toContain('could not be confirmed');
  });

  it.each<[when: string, endedMs: number | null, error: string | null, isOver: boolean, outcome: string]>([
    ['while it waits for what comes back late', null, null, false, 'inconclusive'],
    ['stopped in that wait', SCENARIO_MS, 'stopped', false, 'inconclusive'],
    ['behind that wait', null, null, true, 'fail'],
    ['stopped behind that wait', SCENARIO_MS, 'stopped', true, 'fail'],
  ])('a leak is one only once it was waited for: %s', (_, endedMs, error, isOver, outcome) => {
    const { findings, report } = examine('memory-leak', 'churn', (s) => {
      const cycles = cyclesOf('churn', 'abrupt drop', 'connection', (dose) => 4000 * dose);
      const again = confirmationOf(cycles);
      onlyPath(s, [...cycles, ...again]);
      const elapsedMs = Math.max(...s.phases.map((phase) => phase.elapsedMs), SCENARIO_MS);
      s.drains = drainsOf(again).map((entry) => ({ ...entry, elapsedMs }));
      if (isOver) s.phases.push({ phase: 'confirm: clean-up', elapsedMs: elapsedMs + 1 });
      Object.assign(s, { endedMs, error });
    });
    const own = findings.find(({ subject }) => subject === 'abrupt drop');
    expect(own?.outcome).toBe(outcome);
    expect(report.verdict.outcome === 'fail').toBe(outcome === 'fail');
  });

  it('tells what is given back late from what is kept', () => {
    expect(leaking(1).outcome).toBe('fail');
    const late = leaking(0);
    expect(late.outcome).toBe('pass');
    expect(late.reason).toContain('gave it back within 75 s');
    expect(late.findings[0]).toMatchObject({ evidence: { state: 'late-release' } });
    // Half of it came back: what stayed is a leak of half the rate.
    expect(leaking(0.5).reason).toMatch(/^keeps (1\.9|2\.0)\d kB a connection/);
    expect(leaking(null).outcome).toBe('inconclusive');
  });

  const eachCycle =
    (change: (cycle: ScenarioRecord['cycles'][number]) => void): Change =>
    (s) =>
      s.cycles.forEach(change);

  it.each<[what: string, change: Change]>([
    ['no cycle', (s) => (s.cycles = [])],
    ['one cycle fewer than needed', (s) => (s.cycles = s.cycles.slice(0, 6 + 17))],
    ['other processes in every cycle', eachCycle((cycle) => (cycle.sameProcesses = false))],
    ['nothing but warm-up', eachCycle((cycle) => (cycle.warmup = true))],
    ['a heap that was never read', eachCycle(({ reading }) => (reading.heap = null))],
    [
      'anonymous memory that was never read',
      (s) => {
        s.target = s.target.map((entry) => ({ ...entry, leakProbe: 'anonymous' }));
        for (const { reading } of s.cycles) reading.anonymousBytes = null;
      },
    ],
    ['readings that did not settle', eachCycle(({ reading }) => (reading.settled = false))],
    ['no work done', eachCycle((cycle) => (cycle.landedDose = 0))],
    ['no work planned', eachCycle((cycle) => (cycle.landedDose = cycle.plannedDose = 0))],
    ['less work done than planned', eachCycle((cycle) => (cycle.landedDose *= 0.97))],
    ['a target that was never ready', (s) => (s.target = [])],
  ])('never passes: %s', (_, change) => {
    const { findings, report } = examine('memory-leak', 'churn', change);
    expect(findings.map(({ outcome }) => outcome)).not.toContain('pass');
    expect(findings.length).toBeGreaterThan(0);
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('is invalid where a path was not measured, unless there is a reason', () => {
    const without: Change = (s) => (s.cycles = s.cycles.filter(({ path }) => path !== 'reconnect'));
    const missing = examine('memory-leak', 'churn', without);
    expect(missing).toMatchObject({ outcome: 'invalid', report: { verdict: { outcome: 'invalid' } } });
    const skipped = examine('memory-leak', 'churn', (s, run) => {
      without(s, run);
      s.skippedPaths = [{ path: 'reconnect', reason: 'no ids' }];
    });
    expect(skipped.outcome).toBe('pass');
    expect(skipped.report.fingerprint.find(({ path }) => path === 'reconnect')).toMatchObject({
      state: null,
      reason: 'no ids',
    });
  });

  it.each<[what: string, change: Change]>([
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'no more sockets')],
  ])('keeps what it says of a measured path, but the run does not pass: %s', (_, change) => {
    const { outcome, report } = examine('memory-leak', 'churn', change);
    expect(outcome).toBe('pass');
    expect(report.scenarios[0]?.outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

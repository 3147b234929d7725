import { describe, expect, it } from 'vitest';
import type { ScenarioRecord } from '../model.ts';
import { REFUSED } from '../testing/entries.ts';
import { examine } from '../testing/examine.ts';
import { healthyRun, SCENARIO_NAMES } from '../testing/records.ts';
import { checks } from './index.ts';

type Change = (scenario: ScenarioRecord) => unknown;

const lost = (s: ScenarioRecord, detail: string | null) =>
  void s.target.push({ ...(s.target[0] as ScenarioRecord['target'][number]), event: 'lost', detail });

describe.each(SCENARIO_NAMES)('%s', (name) => {
  it('is checked for a living target, for load that landed, and for the budget', () => {
    for (const check of ['target-alive', 'load-landed', 'memory-budget'] as const) {
      expect(examine(check, name).outcome).toBe('pass');
    }
  });
});

describe('target-alive', () => {
  it('fails when the target was lost, with its last words', () => {
    const { outcome, reason, report } = examine('target-alive', 'tabs', (s) => {
      lost(s, 'process 4711 ended with exit code 1; its last output:\nout of memory');
      s.error = 'process 4711 ended';
    });
    expect(outcome).toBe('fail');
    expect(reason).toContain('out of memory');
    expect(report.verdict.outcome).toBe('fail');
  });

  it('fails when it was lost and nobody knows why', () => {
    const { outcome, reason } = examine('target-alive', 'tabs', (s) => lost(s, null));
    expect({ outcome, reason }).toMatchObject({
      outcome: 'fail',
      reason: expect.stringContaining('unknown why'),
    });
  });

  it.each([
    ['stopped', 'stopped and not waited for'],
    ['continued', 'went on after 2 s'],
    ['replaced', 'process 2 took the place of process 1'],
    ['starved', 'the disk was full when it ended'],
  ] as const)('decides nothing when it was %s', (event, detail) => {
    const { outcome, reason, report } = examine('target-alive', 'tabs', (s) =>
      s.target.push({ ...(s.target[0] as ScenarioRecord['target'][number]), event, detail }),
    );
    expect({ outcome, reason }).toEqual({ outcome: 'invalid', reason: detail });
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('is not to blame for streams that failed while it was stopped', () => {
    const fail = (s: ScenarioRecord) => {
      for (const stream of s.streams) Object.assign(stream, { ending: 'protocol-error', error: 'cut' });
    };
    expect(examine('load-landed', 'tabs', fail).outcome).toBe('fail');
    const { outcome, report } = examine('load-landed', 'tabs', (s) => {
      fail(s);
      const ready = s.target[0] as ScenarioRecord['target'][number];
      s.target.push({ ...ready, event: 'stopped', detail: 'stopped' });
    });
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('fails when it was lost after it had been stopped', () => {
    const { outcome } = examine('target-alive', 'tabs', (s) => {
      s.target.push({
        ...(s.target[0] as ScenarioRecord['target'][number]),
        event: 'continued',
        detail: 'on',
      });
      lost(s, 'gone');
    });
    expect(outcome).toBe('fail');
  });

  it.each<[what: string, change: Change]>([
    ['never ready', (s) => (s.target = [])],
    [
      'only stopped',
      (s) =>
        s.target.forEach((entry) => {
          entry.event = 'stopped';
        }),
    ],
    ['the scenario never ended', (s) => (s.endedMs = null)],
    ['the scenario ended in an error', (s) => (s.error = 'stopped')],
  ])('never passes: %s', (_, change) => {
    const { outcome, report } = examine('target-alive', 'tabs', change);
    expect(outcome).toBe('invalid');
    expect(report.verdict.outcome).toBe('invalid');
  });
});

describe('load-landed', () => {
  it('counts streams that are listed and those that are only tallied', () => {
    const { outcome, reason } = examine('load-landed', 'churn');
    expect({ outcome, reason }).toEqual({ outcome: 'pass', reason: '54001 streams were opened as planned' });
  });

  it.each<[what: string, change: Change]>([
    [
      'in a listed stream',
      (s) =>
        void Object.assign(s.streams[0] as object, { ending: 'protocol-error', error: 'it is text/html' }),
    ],
    ['in a tallied one', (s) => ((s.tallies[0] as { endings: object }).endings = { 'protocol-error': 1 })],
    [
      'in a tallied one that says why',
      (s) =>
        void Object.assign(s.tallies[0] as object, {
          endings: { 'protocol-error': 1 },
          lastError: 'it is text/html',
        }),
    ],
  ])('fails on answers that are no event streams: %s', (_, change) => {
    const { outcome, reason, report } = examine('load-landed', 'orphans', change);
    expect(outcome).toBe('fail');
    expect(reason).toMatch(
      /^1 of 19 answers were not what was asked for: (it is text\/html|see the journal)$/,
    );
    expect(report.verdict.outcome).toBe('fail');
  });

  it.each<[what: string, change: Change, says: string]>([
    ['the scenario never ended', (s) => (s.endedMs = null), 'the journal stops in the middle'],
    ['the scenario ended in an error', (s) => (s.error = 'no more sockets'), 'no more sockets'],
    [
      'no streams and no tallies',
      (s) => {
        s.streams = [];
        s.tallies = [];
      },
      'not a single stream',
    ],
    ['nothing but the warm-up', (s) => (s.streams = []), 'was answered with 200'],
    [
      'everybody was refused',
      (s) => s.streams.forEach((stream) => void Object.assign(stream, REFUSED)),
      'was answered with 200',
    ],
    [
      'the wrong address: nothing but 404',
      (s) =>
        s.streams.forEach(
          (stream) => void Object.assign(stream, { status: 404, answer: 'other', ending: 'refused' }),
        ),
      '--url is right',
    ],
    [
      'nobody was answered',
      (s) => s.streams.forEach((stream) => void Object.assign(stream, { status: null, answer: null })),
      'was answered with 200',
    ],
    [
      'one of many connections could not be made',
      (s) =>
        void Object.assign(s.tallies[0] as object, {
          endings: { 'connect-failed': 1 },
          lastError: 'EADDRNOTAVAIL',
        }),
      '1 of 19 connections could not be made: EADDRNOTAVAIL',
    ],
    [
      'one connection could not be made',
      (s) => void Object.assign(s.streams[0] as object, { ending: 'connect-failed', error: 'ECONNREFUSED' }),
      '1 of 19 connections could not be made: ECONNREFUSED',
    ],
    [
      'one tallied connection could not be made',
      (s) => ((s.tallies[0] as { endings: object }).endings = { 'connect-failed': 1 }),
      '1 of 19 connections could not be made',
    ],
  ])('never passes: %s', (_, change, says) => {
    const { outcome, reason, report } = examine('load-landed', 'orphans', change);
    expect(outcome).toBe('invalid');
    expect(reason).toContain(says);
    expect(report.verdict.outcome).toBe('invalid');
  });

  it('says by itself, before the judge does, that a scenario did not end', () => {
    for (const change of [{ endedMs: null }, { error: 'stopped' }]) {
      const run = healthyRun(['orphans']);
      const scenario = Object.assign(run.scenarios[0] as ScenarioRecord, change);
      expect(checks['load-landed'](scenario, run)).toMatchObject([{ outcome: 'invalid' }]);
    }
  });

  it('a connection that failed in a tally of thousands is not drowned', () => {
    const { outcome } = examine('load-landed', 'churn', (s) => {
      (s.tallies.at(-1) as { endings: object }).endings = { client: 8999, 'connect-failed': 1 };
    });
    expect(outcome).toBe('invalid');
  });
});

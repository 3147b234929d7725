import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import type { Report } from '../harness/model.ts';
import { json } from './json.ts';
import {
  emptyReport,
  failingReport,
  hostileReport,
  inconclusiveReport,
  interruptedReport,
  largeReport,
  passingReport,
} from './testing/sample-report.ts';

const schema = JSON.parse(readFileSync(new URL('report.schema.json', import.meta.url), 'utf8')) as object;
const validate = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true }).compile(schema);

const reports: [string, () => Report][] = [
  ['passing', passingReport],
  ['failing', failingReport],
  ['inconclusive', inconclusiveReport],
  ['interrupted', interruptedReport],
  ['empty', emptyReport],
  ['large', largeReport],
  ['hostile', hostileReport],
];

describe('report.schema.json', () => {
  test.each(reports)('accepts a %s report', (_, make) => {
    validate(JSON.parse(json.render(make())));
    expect(validate.errors ?? []).toEqual([]);
  });

  test.each([{ mode: 'attach', pid: 12 } as const, { mode: 'attach-port', port: 80 } as const])(
    'accepts a target of mode $mode',
    (target) => {
      const report = passingReport();
      report.config.target = target;
      expect(validate(report)).toBe(true);
    },
  );

  // Every object of a report, by a path into the failing sample; maps with free keys are not closed.
  const objects = [
    [],
    ['environment'],
    ['config'],
    ['config', 'target'],
    ['verdict'],
    ['verdict', 'counts'],
    ['scenarios', 3],
    ['scenarios', 3, 'phases', 0],
    ['scenarios', 3, 'series', 0],
    ['scenarios', 3, 'readings', 0],
    ['scenarios', 3, 'trends', 0],
    ['scenarios', 3, 'trends', 0, 'points', 0],
    ['scenarios', 3, 'ends'],
    ['scenarios', 3, 'ends', 'buckets', 0],
    ['scenarios', 3, 'ends', 'buckets', 0, 'counts'],
    ['scenarios', 3, 'timings', 0],
    ['scenarios', 3, 'findings', 1],
    ['scenarios', 3, 'findings', 1, 'evidence'],
    ['scenarios', 3, 'findings', 1, 'evidence', 'points', 0],
    ['scenarios', 3, 'findings', 1, 'evidence', 'rates', 0],
    ['scenarios', 3, 'findings', 1, 'evidence', 'confirmation'],
    ['scenarios', 3, 'findings', 1, 'evidence', 'release'],
    ['scenarios', 3, 'findings', 1, 'evidence', 'timeToBudget', 0],
    ['scenarios', 3, 'findings', 6],
    ['fingerprint', 0],
    ['fingerprint', 0, 'rates'],
    ['fingerprint', 0, 'rates', 'connection'],
    ['fingerprint', 0, 'rates', 'rejection'],
    ['fingerprint', 3, 'rates', 'event'],
    ['skipped', 0],
  ].map((path) => ({ path, name: path.join('.') || 'report' }));

  const sample = () => ({ ...failingReport(), skipped: inconclusiveReport().skipped });

  test.each(objects)('rejects a missing and an unknown field of $name', ({ path }) => {
    expect(validate(sample())).toBe(true);
    for (const field of Object.keys(at(sample(), path))) {
      const report = sample();
      delete at(report, path)[field];
      expect(validate(report), `without ${field}`).toBe(false);
    }
    const report = sample();
    at(report, path).surprise = 1;
    expect(validate(report)).toBe(false);
  });

  test('rejects evidence of one check under the name of another', () => {
    const report = failingReport();
    at(report, ['scenarios', 3, 'findings', 1]).check = 'cleanup';
    expect(validate(report)).toBe(false);
    at(report, ['scenarios', 3, 'findings', 1]).check = 'no-such-check';
    expect(validate(report)).toBe(false);
  });

  test('rejects facts that are not flat, and an unknown outcome', () => {
    const nested = failingReport();
    at(nested, ['scenarios', 3, 'findings', 6, 'evidence']).nested = {};
    expect(validate(nested)).toBe(false);
    const outcome = failingReport();
    at(outcome, ['verdict']).outcome = 'green';
    expect(validate(outcome)).toBe(false);
  });
});

test('the schema knows every state, unit, shape and kind of cell, and no other', () => {
  const evidencePath = ['scenarios', 3, 'findings', 1, 'evidence'];
  const fields: [path: (string | number)[], field: string, known: (string | null)[]][] = [
    [evidencePath, 'state', ['stable', 'leak', 'bounded', 'late-release', 'inconclusive', 'invalid']],
    [evidencePath, 'unit', ['connection', 'event', 'rejection', 'second']],
    [evidencePath, 'cause', ['connection', 'event', 'rejection', 'second', null]],
    [evidencePath, 'shape', ['flat', 'line', 'bend', 'steps']],
    [['fingerprint', 0], 'state', ['late-release', null]],
    [['fingerprint', 0], 'outcome', ['pass', 'fail', 'inconclusive', 'invalid', null]],
    [['fingerprint', 0], 'probe', ['heap', 'anonymous', 'rss', null]],
    [['fingerprint', 3, 'rates', 'event'], 'kind', ['confounded']],
    [['fingerprint', 3, 'rates', 'event'], 'with', ['connection', 'event', 'rejection', 'second']],
  ];
  for (const [path, field, known] of fields) {
    for (const value of [...known, 'surprise']) {
      const report = failingReport();
      at(report, path)[field] = value;
      expect(validate(report), `${path.join('.')}.${field}: ${value}`).toBe(value !== 'surprise');
    }
  }
});

test('the JSON report is the report', () => {
  expect(JSON.parse(json.render(failingReport()))).toEqual(failingReport());
  expect(json.render(emptyReport())).toMatch(/}\n$/);
});

function at(report: Report, path: (string | number)[]): Record<string, unknown> {
  let value: unknown = report;
  for (const step of path) value = (value as Record<string | number, unknown>)[step];
  return value as Record<string, unknown>;
}

import { describe, expect, test } from 'vitest';
import { create } from 'xmlbuilder2';
import type { Report } from '../harness/model.ts';
import { junit } from './junit.ts';
import {
  emptyReport,
  failingReport,
  hostileReport,
  inconclusiveReport,
  interruptedReport,
  largeReport,
  passingReport,
} from './testing/sample-report.ts';

interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

interface DomNode {
  nodeType: number;
  nodeName: string;
  textContent: string | null;
  attributes: Iterable<{ name: string; value: string }>;
  childNodes: Iterable<DomNode>;
}

/** The XML read back by a parser. */
function parse(xml: string): Element {
  return elementOf(create(xml).root().node as unknown as DomNode);
}

function elementOf(node: DomNode): Element {
  return {
    name: node.nodeName,
    attributes: Object.fromEntries([...node.attributes].map(({ name, value }) => [name, value])),
    children: [...node.childNodes].filter(({ nodeType }) => nodeType === 1).map(elementOf),
    text: node.textContent ?? '',
  };
}

const casesOf = (report: Report) =>
  parse(junit.render(report)).children.flatMap(({ children }) =>
    children.filter(({ name }) => name === 'testcase'),
  );
const tags = (report: Report, tag: string) =>
  casesOf(report).filter(({ children }) => children.some(({ name }) => name === tag));

test('a passing run: a suite a scenario, a case a finding, nothing else', () => {
  const root = parse(junit.render(passingReport()));
  expect(root.attributes).toMatchObject({
    tests: '19',
    failures: '0',
    errors: '0',
    time: '169.806',
  });
  expect(root.children.map(({ attributes }) => attributes.name)).toEqual(
    passingReport().scenarios.map(({ scenario }) => `hydrotest.${scenario}`),
  );
  expect(root.children[3]?.attributes).toMatchObject({
    tests: '6',
    time: '58.412',
    timestamp: '2026-03-02T10:16:29.824Z',
  });
  expect(casesOf(passingReport()).map(({ attributes }) => attributes)).toContainEqual({
    classname: 'hydrotest.churn',
    name: 'memory-leak: abrupt drop',
  });
});

test('fail is a failure with its evidence; inconclusive and invalid are errors', () => {
  const failures = tags(failingReport(), 'failure');
  expect(failures.map(({ attributes }) => attributes.name)).toEqual([
    'connection-limit',
    'memory-leak: abrupt drop',
    'memory-leak: slow reader',
    'memory-leak: idle',
    'memory-budget',
  ]);
  expect(failures[4]?.children[0]?.attributes).toEqual({
    type: 'memory-budget',
    message: 'The process tree peaked at 538 MB, 38 MB over the budget of 500 MB.',
  });
  expect(failures[4]?.children[0]?.text).toContain('peak RSS: 538 MB');
  const errors = tags(failingReport(), 'error');
  expect(errors.map(({ children }) => children[0]?.attributes.type)).toEqual(['invalid', 'inconclusive']);
});

test('a leak has its time to the budget and all of its evidence, a late release is green', () => {
  const leaks = tags(failingReport(), 'failure').filter(({ attributes }) =>
    attributes.name?.startsWith('memory-leak'),
  );
  const lines = leaks[0]?.children[0]?.text.split('\n');
  expect(lines?.[1]).toBe(
    'At 1 connection a second this server crosses 500 MB in 34 days; at 50 a second, in 16 hours.',
  );
  expect(lines).toContain(
    'again, on a fresh process: leak: 173 B per connection (169 to 177 B) over 7,680 connections',
  );
  expect(leaks[1]?.children[0]?.text).toContain('rates that cannot be told apart: connections and events');
  expect(casesOf(failingReport())).toContainEqual(
    expect.objectContaining({
      attributes: { classname: 'hydrotest.churn', name: 'memory-leak: reconnect' },
      children: [],
    }),
  );
});

test('skipped scenarios are skipped, with why', () => {
  const skipped = tags(inconclusiveReport(), 'skipped');
  expect(skipped.map(({ attributes }) => attributes.classname)).toEqual([
    'hydrotest.growth',
    'hydrotest.timeout',
  ]);
  expect(skipped[1]?.children[0]?.attributes.message).toMatch(/promises no deadline/);
});

/** The shape of Jenkins's junit-10.xsd (xunit-plugin): attributes, those that are required with a "!", and children. */
const SHAPE: Record<string, { attributes: string; children: string }> = {
  testsuites: { attributes: 'name time tests failures errors', children: 'testsuite' },
  testsuite: {
    attributes:
      'name! tests! failures! errors! group time skipped timestamp hostname id package file log url',
    children: 'testsuite properties testcase system-out system-err',
  },
  properties: { attributes: '', children: 'property' },
  property: { attributes: 'name! value!', children: '' },
  testcase: {
    attributes: 'name! time classname group',
    children: 'skipped error failure rerunFailure rerunError flakyFailure flakyError system-out system-err',
  },
  skipped: { attributes: 'type message', children: '' },
  error: { attributes: 'type message', children: '' },
  failure: { attributes: 'type message', children: '' },
};

/** What does not fit the shape, a line each. */
function misshapen({ name, attributes, children }: Element): string[] {
  const shape = SHAPE[name];
  if (shape === undefined) return [`there is no element ${name}`];
  const words = shape.attributes.split(' ');
  const known = words.map((word) => word.replace('!', ''));
  const required = words.filter((word) => word.endsWith('!')).map((word) => word.slice(0, -1));
  const time = attributes.time ?? '0';
  return [
    ...Object.keys(attributes)
      .filter((attribute) => !known.includes(attribute))
      .map((attribute) => `${name} has no attribute ${attribute}`),
    ...required.filter((word) => attributes[word] === undefined).map((word) => `${name} lacks ${word}`),
    ...children
      .filter((child) => !shape.children.split(' ').includes(child.name))
      .map((child) => `${name} has no child ${child.name}`),
    // Its SUREFIRE_TIME.
    ...(/^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$/.test(time) ? [] : [`${name} time="${time}"`]),
    ...children.flatMap(misshapen),
  ];
}

test.each([
  ['passing', passingReport()],
  ['failing', failingReport()],
  ['inconclusive', inconclusiveReport()],
  ['interrupted', interruptedReport()],
  ['empty', emptyReport()],
  ['hostile', hostileReport()],
  ['large', largeReport()],
])('the %s report has the shape that Jenkins checks, and its counts are right', (_, report) => {
  const root = parse(junit.render(report));
  expect(misshapen(root)).toEqual([]);
  expect(Number(root.attributes.tests)).toBe(casesOf(report).length);
  for (const tag of ['failure', 'error', 'skipped']) {
    const name = tag === 'skipped' ? tag : `${tag}s`;
    const sum = root.children.reduce((total, suite) => total + Number(suite.attributes[name]), 0);
    expect(sum, tag).toBe(tags(report, tag).length);
  }
});

test('twin: what does not fit the shape is found', () => {
  expect(misshapen(parse('<testsuites skipped="0"><testsuite name="a"/><testcase/></testsuites>'))).toEqual([
    'testsuites has no attribute skipped',
    'testsuites has no child testcase',
    'testsuite lacks tests',
    'testsuite lacks failures',
    'testsuite lacks errors',
    'testcase lacks name',
  ]);
});

test('every suite says how to get the same again', () => {
  for (const suite of parse(junit.render(failingReport())).children) {
    const properties = suite.children
      .filter(({ name }) => name === 'properties')
      .flatMap(({ children }) => children.map(({ attributes }) => [attributes.name, attributes.value]));
    expect(Object.fromEntries(properties)).toMatchObject({
      repeatCommand: 'npx hydrotest run --duration 30s --seed 42',
      seed: '42',
      nodeVersion: 'v24.21.0',
      platform: 'linux x64',
    });
  }
  expect(tags(failingReport(), 'failure')[0]?.children[0]?.text).toContain(
    'repeat: npx hydrotest run --duration 30s --seed 42',
  );
});

test('names are the same in a run with other figures', () => {
  const names = (report: Report) => casesOf(report).map(({ attributes }) => attributes);
  const other = passingReport();
  for (const scenario of other.scenarios) {
    scenario.startedMs += 1234;
    for (const finding of scenario.findings) finding.reason = 'Something else was seen.';
  }
  expect(names(other)).toEqual(names(passingReport()));
});

describe('never green without a pass', () => {
  const notPassed: [string, Report][] = [
    ['empty', emptyReport()],
    ['interrupted', interruptedReport()],
    ['inconclusive', inconclusiveReport()],
    ['cut short after findings that passed', { ...passingReport(), complete: false }],
    ['passed, they say, with nothing checked', { ...passingReport(), scenarios: [] }],
    [
      'a verdict that no finding explains',
      { ...passingReport(), verdict: { ...passingReport().verdict, outcome: 'invalid' } },
    ],
    [
      'a scenario that no finding explains',
      {
        ...passingReport(),
        scenarios: passingReport().scenarios.map((s) => ({ ...s, outcome: 'invalid' as const })),
      },
    ],
  ];
  test.each(notPassed)('%s', (_, report) => {
    expect(tags(report, 'error').length).toBeGreaterThan(0);
    expect(Number(parse(junit.render(report)).attributes.errors)).toBe(tags(report, 'error').length);
  });
});

test('a run that did not come to its end says so beside failures that it has', () => {
  const cases = casesOf({ ...failingReport(), complete: false });
  expect(cases.at(-1)?.attributes).toMatchObject({ classname: 'hydrotest.run', name: 'verdict' });
  expect(cases.at(-1)?.children[0]?.attributes.message).toContain('the run did not come to its end');
  expect(casesOf(failingReport()).map(({ attributes }) => attributes.classname)).not.toContain(
    'hydrotest.run',
  );
});

test('hostile text parses back as text: no control character, no element of its own', () => {
  const xml = junit.render(hostileReport());
  // What XML 1.0 section 2.2 allows.
  expect(xml).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
  const names = new Set<string>();
  const walk = (element: Element) => {
    names.add(element.name);
    element.children.forEach(walk);
  };
  walk(parse(xml));
  expect([...names].sort()).toEqual(
    ['error', 'failure', 'properties', 'property', 'skipped', 'testcase', 'testsuite', 'testsuites'].sort(),
  );
  expect(tags(hostileReport(), 'failure')[0]?.attributes.name).toContain(
    '</script><img src=x onerror=alert(1)>',
  );
});

test('findings of one name stay apart', () => {
  const report = passingReport();
  const [tabs] = report.scenarios;
  tabs?.findings.push(...tabs.findings);
  const names = casesOf(report).map(({ attributes }) => `${attributes.classname} ${attributes.name}`);
  expect(new Set(names).size).toBe(names.length);
  expect(casesOf(largeReport())).toHaveLength(60);
});

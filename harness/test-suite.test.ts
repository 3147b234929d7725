import { AssertionError } from 'node:assert';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { failingReport } from '../reports/testing/sample-report.ts';
import { NODE } from '../test/support/cli.ts';
import { processesWith } from '../test/support/processes.ts';
import { until } from '../test/support/until.ts';
import { readHistory } from './compare/history.ts';
import { referenceCommand, referenceTarget } from './config.ts';
import { assertPasses, explain, holdStreams, releaseEverything, runScenarios } from './index.ts';
import { releaseScenarios } from './test-suite.ts';

// A run takes some seconds on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 240_000 });

const folder = mkdtempSync(join(tmpdir(), 'hydrotest-suite-'));
const leaky = join(folder, 'leaky.mjs');
const reference = referenceTarget();
const withFault = (name: string) => ({ ...reference, command: referenceCommand(`--fault ${name}`) });

/** Nothing but the streams and the leak: 500 pointers a connection. */
const LEAKY_SERVER = `
import { createServer } from 'node:http';
const kept = [];
createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\\n\\n');
  request.on('close', () => kept.push(new Array(500).fill(kept.length)));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** All temporary folders of this file's runs are made in one: in the end it must be empty. */
beforeAll(() => void vi.stubEnv('TMPDIR', folder));
afterAll(() => {
  vi.unstubAllEnvs();
  const left = readdirSync(folder).filter((name) => name !== 'leaky.mjs');
  rmSync(folder, { recursive: true, force: true });
  expect(left).toEqual([]);
});

describe.concurrent('a server is judged from a test', () => {
  // Its twin that passes is examples/vitest, which runs with the package as it is published.
  test('one that leaks fails, and the message names the path and the rate', { retry: 1 }, async () => {
    writeFileSync(leaky, LEAKY_SERVER);
    const target = { command: `${NODE} '${leaky}'`, url: 'http://127.0.0.1:{port}/' };
    const report = await releaseEverything(target, { paths: 'abrupt-drop', grace: '1s' });
    expect(report.scenarios.map(({ scenario }) => scenario)).toEqual(['churn', 'orphans']);
    expect(report.verdict.outcome).toBe('fail');
    const message = messageOf(() => assertPasses(report));
    expect(message).toMatch(/✖ churn › memory-leak: abrupt drop/);
    expect(message).toMatch(/leak rate +[\d.]+ kB per connection/);
    expect(message).toContain('again, on a fresh process');
    expect(message).toMatch(/Repeat this run:\n {2}hydrotest run .*--paths abrupt-drop/);
    // Folders that are gone are no part of a command that repeats.
    expect(message).not.toContain('--out');
  });

  test('one that keeps slots fails', async () => {
    const out = join(folder, 'kept');
    const target = withFault('slot-kept-on-abort');
    const history = join(folder, 'kept.ndjson');
    const report = await runScenarios({ ...target, scenarios: ['limit'], out, reporter: ['junit'], history });
    expect(readHistory(history).entries).toMatchObject([{ runId: report.runId, outcome: 'fail' }]);
    rmSync(history);
    expect(messageOf(() => assertPasses(report))).toContain('✖ limit › slots-released: abrupt drop');
    const [run] = readdirSync(out);
    expect(readdirSync(join(out, run ?? ''))).toEqual(
      expect.arrayContaining(['journal.ndjson', 'junit.xml']),
    );
    rmSync(out, { recursive: true });
  });

  test('one that holds streams passes, and the run can be followed', { retry: 2 }, async () => {
    const seen = new Set<string>();
    const onStatus = ({ scenario }: { scenario: string }) => void seen.add(scenario);
    const report = await holdStreams(reference, { streams: 50, duration: '500ms', onStatus });
    expect(report.scenarios.flatMap(({ findings }) => findings.map(({ check }) => check))).toContain(
      'load-held',
    );
    // Beside other tests hydrotest may be late itself, and says so.
    const bad = report.scenarios[0]?.findings.filter(({ outcome }) => outcome !== 'pass') ?? [];
    expect(
      bad.filter(({ check }) => check !== 'generator-health'),
      explain(report),
    ).toEqual([]);
    expect([...seen]).toEqual(['hold']);
  });

  test('twin: one that refuses them fails', async () => {
    // It allows a key 5 streams, says nothing of it, and all have the same key.
    const { limit: _, url, ...rest } = reference;
    const target = {
      ...rest,
      command: rest.command.replace('{limit}', '5'),
      url: url.replace('{key}', 'one'),
      eventsFile: '{dir}/one/events.jsonl',
    };
    const report = await holdStreams(target, { streams: 50, duration: '500ms' });
    expect(messageOf(() => assertPasses(report))).toContain('✖ hold › load-held');
  });

  test('a run that is aborted ends its target, and does not pass', async () => {
    const marker = `HYDROTEST_SUITE=${process.pid}-aborted`;
    const target = { ...reference, command: `${marker} ${reference.command}` };
    const abort = new AbortController();
    const running = holdStreams(target, {
      streams: 10,
      duration: '1h',
      signal: abort.signal,
      onStatus: () => abort.abort(new Error('the test is over')),
    });
    const report = await running;
    expect(report.complete).toBe(false);
    expect(messageOf(() => assertPasses(report))).toContain('the test is over');
    await until('the target is gone', () => processesWith(marker).length === 0);
  });
});

test.each([
  [{}, {}, ['churn', 'orphans']],
  [{ limit: 5 }, { paths: ['abrupt-drop'] }, ['churn', 'orphans', 'limit']],
  [{ limit: 'none' }, { paths: 'rejection,idle' }, ['churn', 'reject', 'orphans']],
  [{}, { paths: ['deadline'] }, ['timeout', 'orphans']],
])('a target %j, asked for %j: %j', (target, options, names) => {
  expect(releaseScenarios(target, options).toSorted()).toEqual(names.toSorted());
});

test('a report that would be thrown away with its folder is refused before anything runs', async () => {
  const running = runScenarios({ ...reference, scenarios: ['limit'], reporter: ['json=-', 'junit'] });
  await expect(running).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('junit=path') as string,
  });
});

describe('a target that cannot be judged', () => {
  test('the process of the tests itself, by pid and by port', async () => {
    const server = createServer((_, response) => response.end());
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/events`;
    try {
      for (const target of [
        { pid: process.pid, url },
        { port, url },
        { pid: process.ppid, url },
      ]) {
        await expect(holdStreams(target, { streams: 1 })).rejects.toMatchObject({
          code: 'usage',
          message: expect.stringMatching(
            /a part of .* its memory cannot be told from theirs.*command: 'node server.js'/,
          ) as string,
        });
      }
    } finally {
      server.close();
    }
  });

  test('none: the reference server does not stand in for it', async () => {
    await expect(holdStreams({}, { streams: 1 })).rejects.toThrow('the target says neither');
    await expect(releaseEverything({ url: 'http://127.0.0.1:1/' })).rejects.toThrow(
      'the target says neither',
    );
  });
});

test('the error of a run that did not pass is an assertion error with the whole evidence', () => {
  expect(() => assertPasses(failingReport())).toThrow(AssertionError);
  const message = messageOf(() => assertPasses(failingReport()));
  expect(message).toBe(explain(failingReport()));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  expect(message).not.toMatch(/\u001b/);
});

function messageOf(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was thrown';
}

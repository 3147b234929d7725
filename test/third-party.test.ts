import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { type Box, boxTest, type CliResult, EVENTS_URL, REPO, shown, targetCommand } from './support/cli.ts';
import { findingsOf, notPassed, reportOf } from './support/findings.ts';

/**
 * A run with churn is some 20,000 connections and more than 60 forced collections. It mostly waits, so the runs of this
 * file go side by side; what they measure is counted in work and collected heap, which the others do not disturb.
 */
const CHURN_MS = 600_000;

/** Servers made of other people's libraries, as their documentation shows; hydrotest knows a command and a URL. */
function test(box: Box, command: string, scenarios: string, paths = PATHS): Promise<CliResult> {
  return box.run([
    ...['run', '--command', command, '--url', EVENTS_URL],
    ...['--scenarios', scenarios, '--duration', '3s', '--seed', '1'],
    ...['--paths', paths.join(',').replaceAll(' ', '-'), '--grace', '3s'],
  ]);
}

const PATHS = ['graceful close', 'abrupt drop'];

function leaks(result: CliResult) {
  return findingsOf(result).filter((finding) => finding.check === 'memory-leak');
}

describe.concurrent('servers that are good', () => {
  // Hono's is a case of bench/wild.
  for (const fileName of ['better-sse-express.mjs']) {
    boxTest(`${fileName} passes`, { timeout: CHURN_MS }, async ({ box }) => {
      const result = await test(box, targetCommand(fileName), 'tabs,churn,orphans');
      expect(result.code, shown(result)).toBe(0);
      expect(notPassed(result)).toEqual([]);
      const { scenarios } = reportOf(result);
      expect(scenarios.map(({ scenario }) => scenario)).toEqual(['tabs', 'churn', 'orphans']);
      for (const { leakProbe, gaps } of scenarios) {
        expect(leakProbe).toBe('heap');
        expect(gaps).toEqual([]);
      }
      expect(leaks(result).map(({ subject }) => subject)).toEqual(PATHS);
      for (const { evidence } of leaks(result)) expect(evidence.doseCount).toBeGreaterThan(4000);
    });
  }
});

describe.concurrent('a server that keeps its sessions', () => {
  boxTest('fails on the path, and on nothing else', { timeout: CHURN_MS }, async ({ box }) => {
    const paths = ['abrupt drop'];
    const result = await test(box, targetCommand('better-sse-sessions-kept.mjs'), 'churn', paths);
    expect(result.code, shown(result)).toBe(1);
    expect(notPassed(result)).toEqual(paths.map((path) => `fail: churn/memory-leak (${path})`));
    for (const { subject, reason, evidence } of leaks(result)) {
      expect(evidence.state).toBe('leak');
      // A session holds its request, response and socket: some 15 KB here, and never less than 4 KB.
      expect(evidence.lowPerUnitBytes).toBeGreaterThan(4000);
      expect(reason).toMatch(/^keeps .+ a connection for ever/);
      expect(result.stdout).toContain(`churn › memory-leak: ${subject}`);
    }
  });
});

describe.concurrent('a server in another language', () => {
  const python = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  const why = python.status === 0 ? '' : ' (skipped: no python3 on this machine)';

  boxTest.skipIf(why !== '')(`in Python passes, without a heap probe${why}`, async ({ box }) => {
    const result = await test(box, `python3 '${join(REPO, 'test/targets/stream.py')}'`, 'tabs,orphans');
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
    for (const { leakProbe, gaps } of reportOf(result).scenarios) {
      expect(leakProbe).toBe('anonymous');
      expect(gaps.map(({ probe }) => probe)).toEqual(['heap']);
      expect(gaps[0]?.reason).not.toBe('');
    }
  });
});

import { expect } from 'vitest';
import { type Box, boxTest, shown } from './support/cli.ts';
import { findingsOf, notPassed, reportOf } from './support/findings.ts';
import { startReferenceServer } from './support/reference-server.ts';

const SCENARIOS = ['--limit', '5', '--scenarios', 'limit,orphans'];
const streamUrl = (port: number | string) => `http://127.0.0.1:${port}/api/events/{key}/stream`;

boxTest('attach by port: passes, and the server runs on without a stream', async ({ box }) => {
  await attach(box, ({ port }) => ['--port', String(port), '--url', streamUrl('{port}')]);
});

boxTest('attach by pid: passes, and the server runs on without a stream', async ({ box }) => {
  await attach(box, ({ port, pid }) => ['--pid', String(pid), '--url', streamUrl(port)]);
});

async function attach(box: Box, targetArgs: (at: { port: number; pid: number }) => string[]): Promise<void> {
  const server = await startReferenceServer(box);
  const result = await box.run(['run', ...targetArgs(server), ...SCENARIOS]);
  expect(result.code, shown(result)).toBe(0);
  expect(notPassed(result)).toEqual([]);
  expect(findingsOf(result).map(({ check }) => check)).toEqual(
    expect.arrayContaining(['connection-limit', 'slots-released', 'cleanup']),
  );
  for (const scenario of reportOf(result).scenarios) {
    expect(scenario.command).toBe(null);
    expect(scenario.leakProbe).toBe('heap');
    // A fifth of the smallest Node process: it is the server's own memory that was read.
    expect(scenario.peakRssBytes).toBeGreaterThan(40e6);
  }

  // Only the server is left, and it answers as if nobody had been there.
  expect(box.processes().map(({ pid }) => pid)).toEqual([server.pid]);
  const health = await (await fetch(`http://127.0.0.1:${server.port}/health`)).json();
  expect(Object.keys(health.workflows)).toEqual([]);
  expect(await server.stop()).toBe(0);
}

boxTest('attach to a port on which nothing listens: invalid, with a remedy', async ({ box }) => {
  const result = await box.run([
    'run',
    '--port',
    '1',
    '--url',
    streamUrl('{port}'),
    '--scenarios',
    'orphans',
  ]);
  expect(result.code, shown(result)).toBe(3);
  expect(reportOf(result).verdict.reason).toContain('nothing listens on TCP port 1');
});

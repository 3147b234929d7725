import { describe, expect } from 'vitest';
import { type Box, boxTest, shown } from './support/cli.ts';
import { findingsOf, notPassed, reportOf } from './support/findings.ts';
import { type ReferenceServer, startReferenceServer } from './support/reference-server.ts';

const SCENARIOS = ['--limit', '5', '--scenarios', 'limit,orphans'];
const streamUrl = (port: number | string) => `http://127.0.0.1:${port}/api/events/{key}/stream`;

describe.concurrent('attach to a server that runs already', () => {
  boxTest('by port: passes, and the server runs on without a stream', async ({ box }) => {
    const server = await startReferenceServer(box);
    const byPort = ['--port', String(server.port), '--url', streamUrl('{port}')];
    const scenarios = await passes(box, server, [...byPort, '--open-inspector']);
    for (const { leakProbe, gaps } of scenarios) {
      // Its inspector is opened without its help, and closed again.
      expect(leakProbe).toBe('heap');
      expect(gaps).toEqual([]);
    }
  });

  boxTest('by pid: passes, and with an open inspector its heap is read', async ({ box }) => {
    const server = await startReferenceServer(box, { nodeArgs: ['--inspect=0'] });
    const byPid = ['--pid', String(server.pid), '--url', streamUrl(server.port)];
    const scenarios = await passes(box, server, byPid);
    for (const { leakProbe, gaps } of scenarios) {
      expect(leakProbe).toBe('heap');
      expect(gaps).toEqual([]);
    }
  });

  boxTest('on a port where nothing listens: invalid, with a remedy', async ({ box }) => {
    const target = ['--port', '1', '--url', streamUrl('{port}')];
    const result = await box.run(['run', ...target, '--scenarios', 'orphans']);
    expect(result.code, shown(result)).toBe(3);
    expect(reportOf(result).verdict.reason).toContain('nothing listens on TCP port 1');
  });
});

async function passes(box: Box, server: ReferenceServer, targetArgs: string[]) {
  const result = await box.run(['run', ...targetArgs, ...SCENARIOS]);
  expect(result.code, shown(result)).toBe(0);
  expect(notPassed(result)).toEqual([]);
  expect(findingsOf(result).map(({ check }) => check)).toEqual(
    expect.arrayContaining(['connection-limit', 'slots-released', 'cleanup']),
  );
  const { scenarios } = reportOf(result);
  expect(scenarios.map(({ scenario }) => scenario)).toEqual(['limit', 'orphans']);
  for (const scenario of scenarios) {
    expect(scenario.command).toBe(null);
    // The smallest Node process has 40 MB: it is the server's own memory that was read.
    expect(scenario.peakRssBytes).toBeGreaterThan(40e6);
  }

  // Of all that ran only the server is left, and it answers as if nobody had been there.
  expect(box.processes().map(({ pid }) => pid)).toEqual([server.pid]);
  const health: unknown = await (await fetch(`http://127.0.0.1:${server.port}/health`)).json();
  expect(health).toMatchObject({ openStreams: 0, openStreamsByWorkflow: {} });
  expect(await server.stop()).toBe(0);
  return scenarios;
}

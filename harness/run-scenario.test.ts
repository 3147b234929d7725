import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { completeConfig, referenceTarget, type UserConfig } from './config.ts';
import { judge } from './judge.ts';
import type { JournalEntry, Report, Scenario } from './model.ts';
import { type Journal, openJournal } from './open-journal.ts';
import { createRandom } from './random.ts';
import { runScenario } from './run-scenario.ts';
import { findFreePort } from './targets/free-port.ts';

let runDir = '';
beforeEach(() => {
  runDir = mkdtempSync(join(tmpdir(), 'hydrotest-run-scenario-'));
});
afterEach(() => rmSync(runDir, { recursive: true }));

const scenario: Scenario = {
  name: 'nothing',
  proves: 'nothing is done to the server',
  checks: ['cleanup'],
  paths: [],
  unfit: () => null,
  async run() {},
};

/** What is judged of a scenario in which nothing happens, and to which `onEntry` does something as it is journalled. */
async function reportOf(
  onEntry: (entry: JournalEntry) => void,
  target: UserConfig = referenceTarget(),
  run: Scenario['run'] = async () => {},
): Promise<Report> {
  const journal: Journal = openJournal(join(runDir, 'journal.ndjson'), (error) => {
    throw error;
  });
  const config = completeConfig({ ...target, inspect: false, out: runDir });
  journal.write({
    type: 'run',
    journalVersion: 2,
    runId: 'run',
    startedAt: new Date().toISOString(),
    repeatCommand: '',
    config,
    environment: {
      hydrotestVersion: '0.0.0',
      nodeVersion: process.version,
      platform: 'test',
      cpuModel: 'test',
      cpuCount: 1,
      memoryBytes: 1,
      facts: [],
    },
  });
  const write = (entry: JournalEntry) => {
    journal.write(entry);
    onEntry(entry);
  };
  const began = performance.now();
  const elapsedMs = () => performance.now() - began;
  try {
    await runScenario({
      scenario: { ...scenario, run },
      config,
      journal: { ...journal, write },
      runDir,
      signal: new AbortController().signal,
      firstKeyNumber: 0,
      random: createRandom(1),
      elapsedMs,
      onProgress() {},
    });
    journal.write({ type: 'end', elapsedMs: elapsedMs() });
    return judge(journal.readBack());
  } finally {
    journal.close();
  }
}

const SERVER = fileURLToPath(new URL('../server/main.ts', import.meta.url));

/** The reference server as somebody else would start it. */
async function startServer(port: number): Promise<ChildProcess> {
  const args = [SERVER, '--port', String(port), '--dir', runDir];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

function pidOf(child: ChildProcess | null): number | undefined {
  return child?.pid;
}

it('a target that is killed when all has been read does not pass', async () => {
  let pid = 0;
  const report = await reportOf((entry) => {
    if (entry.type === 'target' && entry.event === 'ready') pid = entry.pid;
    if (entry.type === 'levels' && entry.moment === 'after') process.kill(-pid, 'SIGKILL');
  });
  const alive = report.scenarios[0]?.findings.find(({ check }) => check === 'target-alive');
  expect(alive?.outcome).toBe('fail');
  expect(alive?.reason).toContain('SIGKILL');
  expect(report.verdict.outcome).toBe('fail');
});

it.skipIf(process.platform !== 'linux')(
  'a server that is restarted by its own supervisor is named with both pids',
  async () => {
    const port = await findFreePort();
    const first = await startServer(port);
    let second: ChildProcess | null = null;
    try {
      const report = await reportOf(
        async (entry) => {
          if (entry.type !== 'levels' || entry.moment !== 'before') return;
          first.kill('SIGKILL');
          second = await startServer(port);
        },
        { port, url: 'http://127.0.0.1:{port}/api/events/{key}/stream' },
        (context) => context.sleep(30_000),
      );
      const alive = report.scenarios[0]?.findings.find(({ check }) => check === 'target-alive');
      expect(alive?.outcome).toBe('fail');
      expect(alive?.reason).toMatch(new RegExp(`process ${first.pid} ended`));
      expect(alive?.reason).toMatch(new RegExp(`process ${pidOf(second)} listens on port ${port} now`));
    } finally {
      for (const server of [first, second]) server?.kill('SIGKILL');
    }
  },
);

it('twin: one that lives passes', async () => {
  const report = await reportOf(() => {});
  const alive = report.scenarios[0]?.findings.find(({ check }) => check === 'target-alive');
  expect(alive?.outcome).toBe('pass');
});

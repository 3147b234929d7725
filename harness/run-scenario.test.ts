import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { completeConfig, referenceTarget } from './config.ts';
import { judge } from './judge.ts';
import type { JournalEntry, Report, Scenario } from './model.ts';
import { type Journal, openJournal } from './open-journal.ts';
import { createRandom } from './random.ts';
import { runScenario } from './run-scenario.ts';

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
async function reportOf(onEntry: (entry: JournalEntry) => void): Promise<Report> {
  const journal: Journal = openJournal(join(runDir, 'journal.ndjson'), (error) => {
    throw error;
  });
  const config = completeConfig({ ...referenceTarget(), inspect: false, out: runDir });
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
      scenario,
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

it('twin: one that lives passes', async () => {
  const report = await reportOf(() => {});
  const alive = report.scenarios[0]?.findings.find(({ check }) => check === 'target-alive');
  expect(alive?.outcome).toBe('pass');
});

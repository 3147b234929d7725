import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { completeConfig, referenceTarget } from '../../harness/config.ts';
import { EXIT_CODES } from '../../harness/exit-codes.ts';
import { judge } from '../../harness/judge.ts';
import type { Report, ScenarioRecord } from '../../harness/model.ts';
import { run } from '../../harness/run.ts';
import { Timings } from '../../harness/timings.ts';
import { version } from '../../harness/version.ts';
import type { Attack } from './attacks.ts';
import { type AttackRecord, attackScenario, phasesOf } from './scenario.ts';

export interface AttackBenchOptions {
  attacks: readonly Attack[];
  forMs: number;
  /** False: the attacks only come at full speed, and no leak is measured. */
  measures: boolean;
  /** Attack a server that keeps what it refuses. */
  defective: boolean;
  out: string;
  signal: AbortSignal;
  onPhase(text: string): void;
}

/** What the server held before an attack, or afterwards. */
export interface Level {
  fdCount: number | null;
  rssBytes: number;
}

export interface AttackRow extends AttackRecord {
  before: Level | null;
  after: Level | null;
  /** CPU of the server from the last reading before it to the first behind it; null: one of them is missing. */
  serverCpuMs: number | null;
  /** Live heap in the first and in the last cycle that counted. */
  heapBeforeBytes: number | null;
  heapAfterBytes: number | null;
  /** The slowest event to a good stream at full speed; null: none came. */
  slowestEventMs: number | null;
}

/** A server whose half requests have to end soon, so that a cycle of them does not last for a minute. */
const HASTE = '--head-timeout 0.5';

/** Runs the attacks in a scenario of the harness, on a server that the harness starts, and has its judge judge the journal. */
export async function runAttackBench(
  options: AttackBenchOptions,
): Promise<{ rows: AttackRow[]; report: Report; folder: string; exitCode: number }> {
  const records: AttackRecord[] = [];
  // Not the run's own folder: the attacker has to find the files of the server.
  const dir = await mkdtemp(join(tmpdir(), 'attacked-'));
  // At the second signal nothing is waited for.
  const removeNow = () => removedOf(dir).map((path) => rmSync(path, { recursive: true, force: true }));
  process.on('exit', removeNow);
  const target = referenceTarget();
  const command = options.defective
    ? target.command.replace('server/main.ts', 'bench/attack/defective-server.ts')
    : target.command;
  const config = completeConfig({
    ...target,
    command: `${command.replace('{dir}', dir)} ${HASTE}`,
    eventsFile: target.eventsFile.replace('{dir}', dir),
    duration: '1s',
    grace: '15s',
    out: options.out,
  });
  let last = '';
  const { folder, record } = await run({
    config,
    scenarios: [
      attackScenario({
        attacks: options.attacks,
        forMs: options.forMs,
        measures: options.measures,
        dir,
        onRecord: (record) => records.push(record),
      }),
    ],
    repeatCommand: 'npm run attack',
    hydrotestVersion: version(),
    signal: options.signal,
    onStart: () => {},
    onStatus({ phase }) {
      if (phase !== last) options.onPhase(phase);
      last = phase;
    },
    onSkip: (scenario, reason) => options.onPhase(`skipped ${scenario}: ${reason}`),
    onFailure: ({ message }) => options.onPhase(message),
    onNote: options.onPhase,
  }).finally(async () => {
    await Promise.all(
      removedOf(dir).map((path) => rm(path, { recursive: true, force: true, maxRetries: 10 })),
    );
    process.off('exit', removeNow);
  });
  const report = judge(record);
  const [scenario] = record.scenarios;
  // A process that confirms a suspicion is attacked anew: what counts is the first one.
  const firsts = options.attacks.flatMap(({ name }) => records.find(({ attack }) => attack === name) ?? []);
  const rows = scenario === undefined ? [] : firsts.map((one) => ({ ...one, ...readingsOf(one, scenario) }));
  return { rows, report, folder, exitCode: EXIT_CODES[report.verdict.outcome] };
}

/** The folder of the workflows, and the file outside of it that no stream may show. */
function removedOf(dir: string): string[] {
  return [dir, `${dir}.outside`];
}

function readingsOf({ attack }: AttackRecord, scenario: ScenarioRecord): Omit<AttackRow, keyof AttackRecord> {
  const { during, after } = phasesOf(attack);
  const sampleAt = (phase: string): Level | null =>
    scenario.samples.find((sample) => sample.phase === phase) ?? null;
  const lastOf = (phase: string): Level | null =>
    scenario.samples.findLast((sample) => sample.phase === phase) ?? null;
  const began = scenario.samples.findIndex((sample) => sample.phase === during);
  const cpuBefore = scenario.samples[Math.max(0, began - 1)]?.cpuMs;
  const cpuAfter = scenario.samples.find((sample) => sample.phase === after)?.cpuMs;
  const cycles = scenario.cycles.filter(
    ({ path, attempt, warmup }) => path === attack && attempt === 0 && !warmup,
  );
  const timings = new Timings();
  for (const entry of scenario.timings) if (entry.phase === during) timings.addCounted(entry);
  return {
    before: sampleAt(during),
    after: cycles.at(-1)?.reading ?? lastOf(after),
    serverCpuMs: cpuBefore === undefined || cpuAfter === undefined ? null : cpuAfter - cpuBefore,
    heapBeforeBytes: cycles[0]?.reading.heap?.usedBytes ?? null,
    heapAfterBytes: cycles.at(-1)?.reading.heap?.usedBytes ?? null,
    slowestEventMs: timings.summary('event')?.maxMs ?? null,
  };
}

import type { LeakFinding, LeakState } from '../../harness/model.ts';
import { type AccuracyCase, commandOf, type LifecyclePath, type Side } from './manifest.ts';
import { askRivals, type Rival } from './rivals.ts';
import { runCli } from './run-cli.ts';

/** One run on one server. */
export interface Trial {
  name: string;
  side: Side;
  /** Bytes that the power server was told to keep; null: another server. */
  leakBytes: number | null;
  probe: 'heap' | 'none';
  /** Others used up a core meanwhile. */
  pressure: boolean;
  seed: number;
  /** What the path was judged to be; null: it was not measured. */
  state: LeakState | null;
  /** For cases that keep something other than bytes. */
  cleanupFailed: boolean;
  /** The verdict is one that the manifest calls right. */
  right: boolean;
  trueBytes: number | null;
  rateBytes: number | null;
  lowBytes: number | null;
  highBytes: number | null;
  rivals: Record<Rival, boolean | null> | null;
  /** From the start of the target to the first process's result, and to the end with confirmation and long wait. */
  pathSeconds: number | null;
  verdictSeconds: number;
  reason: string;
}

/**
 * Leaks of 64 B a connection with the heap probe, and of 1 KiB without one, are to be found. Smaller ones are in the power curve to
 * show where it ends.
 */
export function isPromised({ leakBytes, probe }: Pick<Trial, 'leakBytes' | 'probe'>): boolean {
  return leakBytes === null || leakBytes >= (probe === 'heap' ? 64 : 1024);
}

const SCENARIO_OF: Partial<Record<LifecyclePath, string>> = {
  deadline: 'timeout',
  rejection: 'reject',
  'event to held streams': 'growth',
};

export interface TrialOptions {
  side: Side;
  seed: number;
  probe: 'heap' | 'none';
  pressure: boolean;
  leakBytes: number | null;
  grace: string;
}

/** Runs the path of a case on a fresh process, and compares what was found with what its manifest says. */
export async function runCase(found: AccuracyCase, options: TrialOptions): Promise<Trial> {
  const { side, seed, probe, pressure, leakBytes, grace } = options;
  const scenario = SCENARIO_OF[found.path] ?? 'churn';
  const args = [
    ...['--command', commandOf(found, side), '--url', found.url, '--scenarios', scenario],
    ...['--paths', found.path.replaceAll(' ', '-'), '--seed', String(seed), '--grace', grace],
    ...(found.protocol === 'sse' ? [] : ['--protocol', found.protocol]),
    ...(probe === 'none' ? ['--no-inspect'] : []),
    ...found.args,
  ];
  const env = leakBytes === null ? {} : { LEAK_BYTES: String(leakBytes) };
  const { report, record, seconds, errors } = await runCli(args, env);
  const findings = (report?.scenarios ?? []).flatMap((one) => one.findings);
  const leak = findings.find(
    (finding): finding is LeakFinding => finding.check === 'memory-leak' && finding.subject === found.path,
  );
  const cleanupFailed = findings.some(({ check, outcome }) => check === 'cleanup' && outcome === 'fail');
  const state = leak?.evidence.state ?? null;
  const ran = record?.scenarios.find((one) => one.scenario === scenario);
  const confirmedAt =
    ran?.phases.find(({ phase }) => phase.startsWith('confirm: '))?.elapsedMs ?? ran?.endedMs;
  return {
    name: found.name,
    side,
    leakBytes,
    probe,
    pressure,
    seed,
    state,
    cleanupFailed,
    right: isRight(found, side, state, cleanupFailed),
    trueBytes: side === 'clean' ? 0 : (leakBytes ?? found.leaky?.trueBytes ?? null),
    rateBytes: leak?.evidence.ratePerUnitBytes ?? null,
    lowBytes: leak?.evidence.lowPerUnitBytes ?? null,
    highBytes: leak?.evidence.highPerUnitBytes ?? null,
    rivals: record === null || leak === undefined ? null : askRivals(record, found.path, leak.evidence.probe),
    pathSeconds: ran === undefined ? null : ((confirmedAt ?? ran.elapsedMs) - ran.elapsedMs) / 1000,
    verdictSeconds: seconds,
    reason: leak?.reason ?? report?.verdict.reason ?? errors,
  };
}

function isRight(found: AccuracyCase, side: Side, state: LeakState | null, cleanupFailed: boolean): boolean {
  if (side === 'clean')
    return state !== null && !cleanupFailed && (found.clean?.allowed ?? []).includes(state);
  return found.leaky?.expect === 'cleanup-fail' ? cleanupFailed : state === 'leak';
}

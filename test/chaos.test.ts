import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { processesOf } from '../bench/chaos/census.ts';
import { CLEAN_ENDINGS, type Fault, type Machine } from '../bench/chaos/fault.ts';
import { faults } from '../bench/chaos/faults/index.ts';
import { type ChaosCase, planCase } from '../bench/chaos/plan.ts';
import { judgeCase } from '../bench/chaos/promises.ts';
import { runCase } from '../bench/chaos/run-case.ts';
import { RUN_KINDS } from '../bench/chaos/run-kinds.ts';
import { makeSandbox } from '../bench/chaos/sandbox.ts';
import { CLI } from './support/cli.ts';

const FAKE = fileURLToPath(new URL('../bench/chaos/fake-program.mjs', import.meta.url));
const MACHINE: Machine = { canMount: false, memoryGroups: null, python: null };
const HYDROTEST = [process.execPath, CLI];

/** A fault that does nothing: what a fake program does is fault enough. */
const idle = faultNamed('target-exits');

function faultNamed(name: string): Fault {
  const fault = faults.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`there is no fault ${name}`);
  return fault;
}

function caseOf(fault: Fault | null, moment: ChaosCase['moment'], kindName = 'tabs'): ChaosCase {
  const kind = RUN_KINDS.find(({ name }) => name === kindName);
  if (kind === undefined) throw new Error(`there is no kind ${kindName}`);
  const target = fault?.targets.includes('plain') === false ? 'reference' : 'plain';
  return { number: 0, fault, kind, target, inspect: false, moment, seed: 1 };
}

/** Runs a case, and checks that nothing of it is left, whatever it left. */
async function tryCase(chaosCase: ChaosCase, program: readonly string[], deadlineMs = 60_000) {
  const parent = mkdtempSync(join(tmpdir(), 'hydrotest-chaos-test-'));
  const id = `test-${process.pid}-${Math.random()}`;
  const sandbox = makeSandbox(id, parent);
  try {
    const seen = await runCase(chaosCase, sandbox, { program, machine: MACHINE, deadlineMs });
    expect(processesOf(id)).toEqual([]);
    return { seen, ...judgeCase(chaosCase, seen) };
  } finally {
    sandbox.remove();
    rmSync(parent, { recursive: true, force: true });
  }
}

describe.skipIf(process.platform !== 'linux')('a program that breaks a promise is caught', () => {
  for (const [mode, promise] of [
    ['leaves-orphan', 'no orphans'],
    ['leaves-nameless-orphan', 'no orphans'],
    ['leaves-file', 'no leftovers'],
    ['hangs', 'no hang'],
    ['shows-trace', 'report or clear error'],
    ['says-nothing', 'report or clear error'],
    ['says-nothing', 'exit code fits'],
    ['tears-report', 'report or clear error'],
    ['tears-journal', 'journal readable'],
  ] as const) {
    it.concurrent(`${mode}: ${promise}`, async ({ expect }) => {
      const deadlineMs = mode === 'hangs' ? 1500 : 60_000;
      const { broken } = await tryCase(caseOf(idle, null), [process.execPath, FAKE, mode], deadlineMs);
      expect(broken.map((one) => one.promise)).toContain(promise);
    });
  }
});

/** Each with every promise that it exercises; a clean run is their twin. */
const SLICE: [name: string | null, moment: ChaosCase['moment'], kind: string][] = [
  [null, null, 'limit'],
  ['harness-sigkill', { anchor: 'ready', delayMs: 600 }, 'tabs'],
  ['target-sigkill', { anchor: 'ready', delayMs: 600 }, 'tabs'],
  ['file-limit', null, 'limit'],
  ['out-not-writable', null, 'limit'],
  ['journal-removed', { anchor: 'ready', delayMs: 300 }, 'limit'],
];

describe.skipIf(process.platform !== 'linux')('hydrotest keeps every promise', () => {
  for (const [name, moment, kind] of SLICE) {
    it.concurrent(name ?? 'a clean run', { timeout: 90_000 }, async ({ expect }) => {
      const fault = name === null ? null : faultNamed(name);
      const chaosCase = {
        ...caseOf(fault, moment, kind),
        ...(kind === 'limit' ? { target: 'reference' as const } : {}),
      };
      const { seen, broken, reported, explained } = await tryCase(chaosCase, HYDROTEST);
      expect(broken, seen.stderr).toEqual([]);
      expect(reported || explained).toBe(true);
      expect(seen.struck).not.toBe(false);
    });
  }
});

describe('the plan', () => {
  it('gives the same case for the same seed and number, and every fault its turn', () => {
    const machine = { ...MACHINE, canMount: true, memoryGroups: { folder: '/', limitFile: 'x' } };
    const plan = (seed: number) => Array.from({ length: 60 }, (_, number) => planCase(seed, number, machine));
    expect(plan(3)).toEqual(plan(3));
    expect(plan(3)).not.toEqual(plan(4));
    const names = new Set(plan(3).map(({ fault }) => fault?.name ?? null));
    expect(names).toEqual(new Set([null, ...faults.map(({ name }) => name)]));
  });

  it('lets only faults that leave everything to be measured end with 0', () => {
    const harmless = faults.filter(({ endings }) => endings.some((ending) => CLEAN_ENDINGS.includes(ending)));
    expect(harmless.map(({ name }) => name).toSorted()).toEqual([
      ...['guardian-sigkill', 'harness-sigstop', 'stdout-closed', 'target-closes-listener'],
      ...['target-heap-full', 'target-late', 'target-oom-killed', 'target-sigstop-sigcont'],
    ]);
  });
});

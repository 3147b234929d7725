import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SERVER_VARIABLE } from '../bench/chaos/attached-server.ts';
import { processesOf } from '../bench/chaos/census.ts';
import { type Course, NOTHING_YET } from '../bench/chaos/course.ts';
import type { Ending, Fault, Machine } from '../bench/chaos/fault.ts';
import { faults } from '../bench/chaos/faults/index.ts';
import { type ChaosCase, planCase } from '../bench/chaos/plan.ts';
import { judgeCase } from '../bench/chaos/promises.ts';
import { type Consequence, rightEndings } from '../bench/chaos/right-endings.ts';
import { runCase } from '../bench/chaos/run-case.ts';
import { RUN_KINDS, type TargetName } from '../bench/chaos/run-kinds.ts';
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

function caseOf(
  fault: Fault | null,
  moment: ChaosCase['moment'],
  kindName = 'tabs',
  target: TargetName = 'plain',
): ChaosCase {
  const kind = RUN_KINDS.find(({ name }) => name === kindName);
  if (kind === undefined) throw new Error(`there is no kind ${kindName}`);
  return { number: 0, fault, kind, target, inspect: false, moment, seed: 1 };
}

/** Runs a case, and checks that nothing of it is left, whatever it left. */
async function tryCase(
  chaosCase: ChaosCase,
  program: readonly string[],
  limits: { deadlineMs: number; orphanMs?: number } = { deadlineMs: 60_000 },
) {
  const parent = mkdtempSync(join(tmpdir(), 'hydrotest-chaos-test-'));
  const id = `test-${process.pid}-${Math.random()}`;
  const sandbox = makeSandbox(id, parent);
  try {
    const seen = await runCase(chaosCase, sandbox, { program, machine: MACHINE, ...limits });
    expect([...processesOf(id), ...processesOf(id, SERVER_VARIABLE)]).toEqual([]);
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
    ['signals-server', 'server left alone'],
    ['shows-trace', 'report or clear error'],
    ['says-nothing', 'report or clear error'],
    ['says-nothing', 'exit code fits'],
    ['tears-report', 'report or clear error'],
    ['tears-journal', 'journal readable'],
  ] as const) {
    it.concurrent(`${mode}: ${promise}`, async ({ expect }) => {
      const limits = { deadlineMs: mode === 'hangs' ? 1500 : 60_000, orphanMs: 1000 };
      const chaosCase = caseOf(idle, null, 'tabs', promise === 'server left alone' ? 'by-pid' : 'plain');
      const { broken } = await tryCase(chaosCase, [process.execPath, FAKE, mode], limits);
      expect(broken.map((one) => one.promise)).toContain(promise);
    });
  }
});

/** Each with every promise that it exercises; a clean run is their twin. */
const SLICE: [name: string | null, moment: ChaosCase['moment'], kind: string, target: TargetName][] = [
  [null, null, 'limit', 'reference'],
  ['harness-sigkill', { anchor: 'ready', delayMs: 600 }, 'tabs', 'by-pid'],
  ['target-sigkill', { anchor: 'ready', delayMs: 600 }, 'tabs', 'plain'],
  ['file-limit', null, 'limit', 'reference'],
  ['out-not-writable', null, 'limit', 'reference'],
  ['journal-removed', { anchor: 'ready', delayMs: 300 }, 'limit', 'reference'],
];

describe.skipIf(process.platform !== 'linux')('hydrotest keeps every promise', () => {
  for (const [name, moment, kind, target] of SLICE) {
    it.concurrent(`${name ?? 'a clean run'}, ${target}`, { timeout: 90_000 }, async ({ expect }) => {
      const chaosCase = caseOf(name === null ? null : faultNamed(name), moment, kind, target);
      const { seen, broken, reported, explained } = await tryCase(chaosCase, HYDROTEST);
      expect(broken, seen.stderr).toEqual([]);
      expect(reported || explained).toBe(true);
      expect(seen.struck).not.toBe(false);
    });
  }
});

describe('the ending that is right', () => {
  const using: Course = { ...NOTHING_YET, begun: true, ready: true };
  const measured: Course = { ...using, measured: true };
  const over: Course = { ...measured, ended: true };
  const lost: Course = { ...using, ended: true, news: ['ready', 'lost'] };
  const interrupted: Course = { ...using, ended: true, interrupted: true };
  const sigterm = { signal: 'SIGTERM', twice: false } as const;
  const sigkill = { signal: 'SIGKILL', twice: false } as const;
  const twice = { signal: 'SIGINT', twice: true } as const;
  const unwritten = 'hydrotest: the report html could not be made: no space left. Look.';

  const table: [string, Consequence | null, Course | null, Course, Ending[], string?][] = [
    ['a clean run', null, null, over, [0]],
    ['a target killed as it was used', 'target', using, lost, [1]],
    ['a target killed as it was used, unseen', 'target', using, over, []],
    ['a target killed behind the last reading', 'target', measured, over, [0]],
    ['a target killed behind the last reading, seen', 'target', measured, lost, [1]],
    ['a target killed before it was ready', 'target', NOTHING_YET, interruptedEarly(), [3]],
    ['a target killed too late', 'target', null, over, [0]],
    ['a target stopped', 'target-moment', using, { ...over, news: ['ready', 'stopped'] }, [3]],
    ['a target stopped, unseen', 'target-moment', using, over, []],
    ['a target stopped behind the last reading', 'target-moment', measured, over, [0]],
    ['a signal before anybody listens', sigterm, NOTHING_YET, NOTHING_YET, ['SIGTERM']],
    ['a signal in the run', sigterm, using, interrupted, [3]],
    ['a signal in the run that goes unheard', sigterm, using, over, []],
    ['a signal behind the end', sigterm, over, over, [0, 'SIGTERM']],
    ['a signal that leaves a journal without an end', sigterm, using, using, []],
    ['two signals', twice, using, using, [3]],
    ['kill -9', sigkill, using, using, ['SIGKILL']],
    ['kill -9 behind the end', sigkill, over, over, ['SIGKILL', 0]],
    ['a journal removed', 'journal', using, over, [3]],
    ['a journal removed behind the end', 'journal', over, over, [0]],
    ['a full disk', 'room', using, using, [3]],
    ['a full disk behind the end', 'room', over, over, [4], unwritten],
    ['a pause', 'time', using, over, [0, 3]],
    ['a pause before the target is used', 'time', NOTHING_YET, over, [0]],
    ['a pause after which the run stops', 'time', using, interrupted, []],
    ['a pause behind the last reading', 'time', measured, over, [0]],
  ];
  for (const [title, takes, atStrike, after, endings, stderr = ''] of table)
    it(`${title}: ${endings.join(' or ') || 'none'}`, () => {
      expect(rightEndings(takes, { atStrike, after, stderr }).endings).toEqual(endings);
    });

  function interruptedEarly(): Course {
    return { ...NOTHING_YET, begun: true, interrupted: true, ended: true };
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
});

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test, vi } from 'vitest';
import type { Report } from '../../harness/model.ts';
import { killProcess, processesWith } from './processes.ts';

export const REPO = fileURLToPath(new URL('../../', import.meta.url));
export const CLI = join(REPO, 'harness/cli.ts');
export const SERVER = join(REPO, 'server/main.ts');
export const NODE = `'${process.execPath}'`;

/** Shell command that runs one of the programs in test/targets/. */
export function targetCommand(fileName: string): string {
  return `${NODE} '${join(REPO, 'test/targets', fileName)}'`;
}

/** The stream URL of everything in test/targets/. */
export const EVENTS_URL = 'http://127.0.0.1:{port}/events';

export interface CliResult {
  /** Null when the process was ended by a signal. */
  code: number | null;
  stdout: string;
  stderr: string;
  /** Folder of the run, or null: the program made none. */
  runFolder: string | null;
  /** What the program wrote to report.json, or null. */
  report: Report | null;
}

export interface RunningCli {
  readonly pid: number;
  /** Everything that it has printed so far, to either stream. */
  output(): string;
  /** Resolves as soon as the output matches. Rejects if the program ends without it. */
  printed(pattern: RegExp): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<CliResult>;
}

interface CliOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** False: the arguments have no place for `--out`, or say it themselves. */
  out?: boolean;
}

/** A folder for one test, and everything that the test starts: in the end nothing of either is left. */
export interface Box {
  readonly folder: string;
  /** Where the runs go. */
  readonly outDir: string;
  /** Environment by which the processes of this box are known, whoever started them. */
  readonly env: Record<string, string>;
  start(args: string[], options?: CliOptions): RunningCli;
  run(args: string[], options?: CliOptions): Promise<CliResult>;
  /** Any other program. Its output comes on pipes. */
  spawn(command: string, args: string[], options?: { cwd?: string }): ChildProcess;
  /** Processes of this box that still run, the harness's own included. */
  processes(): { pid: number; command: string }[];
  /** Resolves when all of them have ended; rejects with those that have not. */
  allGone(): Promise<void>;
}

/** Nothing may outlive the harness by more than 5 s; a machine that is busy with other tests gets some more. */
const GONE_MS = 15_000;

// A run takes a few seconds on an idle machine, and many times that on a busy one.
vi.setConfig({ testTimeout: 120_000 });

/** A test with a box of its own; it fails if it leaves a process or the target's data behind. */
export const boxTest = test.extend<{ box: Box }>({
  box: async ({ task }, use) => {
    const { box, close } = openBox();
    await use(box);
    await close(task.result?.state === 'fail');
  },
});

/** `close` rejects if something was left, unless the test has `failed` already. Either way it is all gone then. */
export function openBox(goneMs = GONE_MS): { box: Box; close(failed: boolean): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-e2e-'));
  const outDir = join(folder, 'out');
  // The environment is inherited by whatever a process starts, and unlike a group or a parent it cannot be left.
  const marker = `HYDROTEST_E2E=${basename(folder)}`;
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    HYDROTEST_E2E: basename(folder),
    NO_COLOR: '1',
  };
  // The harness would inherit vitest's own; the targets' are part of what is tested.
  for (const name of ['NODE_OPTIONS', 'FORCE_COLOR', 'PORT', 'GITHUB_STEP_SUMMARY']) delete env[name];

  const spawnIn = (
    command: string,
    args: string[],
    options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
  ) => spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], ...options });
  const start: Box['start'] = (args, options = {}) => {
    const outArgs = options.out === false ? [] : ['--out', outDir];
    const child = spawnIn(process.execPath, [CLI, ...args, ...outArgs], {
      cwd: options.cwd ?? folder,
      env: { ...env, ...options.env },
    });
    return follow(child, outDir);
  };
  const processes = () => processesWith(marker);
  const box: Box = {
    folder,
    outDir,
    env,
    start,
    run: (args, options) => start(args, options).ended,
    spawn: spawnIn,
    processes,
    async allGone() {
      const deadline = performance.now() + goneMs;
      while (processes().length > 0) {
        if (performance.now() > deadline) throw new Error(`still running: ${describe(processes())}`);
        await sleep(20);
      }
    },
  };
  const close = async (failed: boolean) => {
    try {
      // A test that failed in the middle has an excuse: it gets cleaned up and its own error is shown.
      if (failed) return;
      await box.allGone();
      const left = dataFolders(outDir);
      if (left.length > 0) throw new Error(`data was left behind: ${left.join(', ')}`);
    } finally {
      for (const { pid } of processes()) killProcess(pid);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  };
  mkdirSync(outDir);
  return { box, close };
}

function describe(processes: { pid: number; command: string }[]): string {
  return processes.map(({ pid, command }) => `${pid} (${command})`).join(', ');
}

function dataFolders(outDir: string): string[] {
  if (!existsSync(outDir)) return [];
  return readdirSync(outDir)
    .map((run) => join(outDir, run, 'data'))
    .filter((path) => existsSync(path));
}

/** The one run below a folder, or null. */
export function findRun(outDir: string): string | null {
  const runs = existsSync(outDir) ? readdirSync(outDir) : [];
  if (runs.length > 1) throw new Error(`${runs.length} runs in ${outDir}: one was expected`);
  return runs[0] === undefined ? null : join(outDir, runs[0]);
}

function follow(child: ChildProcess, outDir: string): RunningCli {
  const { pid } = child;
  if (pid === undefined) throw new Error('the program could not be started');
  let [stdout, stderr] = ['', ''];
  const waiting = new Set<() => void>();
  const look = () => {
    for (const wake of waiting) wake();
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    look();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    look();
  });
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once('error', reject);
    // `close`, not `exit`: only then all output is here.
    child.once('close', (code) => {
      const runFolder = findRun(outDir);
      resolve({ code, stdout, stderr, runFolder, report: runFolder === null ? null : readReport(runFolder) });
    });
  });
  return {
    pid,
    ended,
    output: () => stdout + stderr,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const wake = () => {
          if (pattern.test(stdout + stderr)) resolve();
        };
        waiting.add(wake);
        wake();
        ended.then(
          () => reject(new Error(`the program ended and never printed ${pattern}:\n${stdout}${stderr}`)),
          reject,
        );
      }),
    signal: (name) => void process.kill(pid, name),
  };
}

export function readReport(runFolder: string): Report | null {
  const path = join(runFolder, 'report.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Report) : null;
}

/** What a failed assertion needs to be understood: shown by vitest as the message of `expect(…, shown(result))`. */
export function shown({ code, stdout, stderr }: CliResult): string {
  return `exit code ${code}\n${stdout}\n${stderr}`;
}

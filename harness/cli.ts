#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommanderError } from 'commander';
import { renderTerminal, reporters, terminalOptions } from '../reports/index.ts';
import { scenarios as allScenarios } from '../scenarios/index.ts';
import { createProgram } from './cli-options.ts';
import { completeConfig, loadConfigFile, type UserConfig } from './config.ts';
import { HydrotestError } from './errors.ts';
import { JOURNAL_NAME, readJournal } from './journal.ts';
import { judge } from './judge.ts';
import { lackOfRoom, sizeOf } from './load/room.ts';
import type { Outcome, Report, Scenario } from './model.ts';
import { createProgress } from './progress.ts';
import { repeatCommand } from './repeat-command.ts';
import { run } from './run.ts';
import { behaviours } from './streams/behaviours.ts';
import { vanishingUnavailable } from './streams/vanish.ts';
import { fill } from './template.ts';

const EXIT_CODES: Record<Outcome, number> = { pass: 0, fail: 1, inconclusive: 3, invalid: 3 };
const EXIT_USAGE = 2;
const EXIT_NOT_MEASURED = 3;
const EXIT_INTERNAL = 4;

const here = fileURLToPath(import.meta.url);

function version(): string {
  // Two folders up from dist/harness, one from harness.
  for (const up of ['..', '../..']) {
    try {
      const found: unknown = JSON.parse(readFileSync(join(dirname(here), up, 'package.json'), 'utf8'));
      if (found !== null && typeof found === 'object' && 'version' in found) return String(found.version);
    } catch {}
  }
  return 'unknown';
}

async function runCommand(options: UserConfig & { config?: string }): Promise<void> {
  const { config: file, ...fromCli } = options;
  const fromFile = await loadConfigFile(process.cwd(), file);
  const user = { ...(namesTarget(fromCli) ? withoutTarget(fromFile) : fromFile), ...fromCli };
  const config = completeConfig(user);
  const scenarios = selectScenarios(config.scenarios, config.paths);
  for (const scenario of scenarios) {
    const reason = config.scenarios.length > 0 ? scenario.unfit(config) : null;
    if (reason !== null)
      throw new HydrotestError('usage', `--scenarios ${scenario.name} cannot run: ${reason}.`);
  }
  if (scenarios.some(({ name }) => name === 'hold') && config.load.asked) {
    const lack = lackOfRoom(sizeOf(config.load, config.url), null);
    if (lack !== null) throw new HydrotestError('usage', `there is no room for this load: ${lack}.`);
  }
  if (config.load.mix['half-open'] !== undefined) {
    const reason = await vanishingUnavailable(fill(config.url, { port: 80, key: 'key' }));
    if (reason !== null)
      throw new HydrotestError('usage', `--mix half-open is not possible here: ${reason}.`);
  }

  const progress = createProgress(process.stderr);
  const interrupt = listenForInterrupts((text) => progress.note(text));
  let folder: string;
  try {
    folder = await run({
      config,
      scenarios,
      repeatCommand: repeatCommand(user, config.seed),
      hydrotestVersion: version(),
      signal: interrupt.signal,
      onStatus: progress.update,
      onSkip: (scenario, reason) => progress.note(`skipped ${scenario}: ${reason}`),
    });
  } finally {
    progress.close();
    interrupt.close();
  }
  process.exitCode = EXIT_CODES[(await writeReports(folder)).verdict.outcome];
}

/** A target on the command line takes the place of the one in the file: two of them would exclude each other. */
function namesTarget({ command, pid, port }: UserConfig): boolean {
  return command !== undefined || pid !== undefined || port !== undefined;
}

function withoutTarget({ command: _command, pid: _pid, port: _port, ...rest }: UserConfig): UserConfig {
  return rest;
}

function selectScenarios(names: string[], paths: string[]): Scenario[] {
  const knownPaths = allScenarios.flatMap((scenario) => scenario.paths);
  const unknownPaths = paths.filter((path) => !knownPaths.includes(path));
  if (unknownPaths.length > 0) {
    throw new HydrotestError(
      'usage',
      `--paths ${unknownPaths.join(',')}: there is no such path. There are ${knownPaths.map((path) => path.replaceAll(' ', '-')).join(', ')}.`,
    );
  }
  if (names.length === 0) {
    return allScenarios.filter(
      (scenario) => paths.length === 0 || scenario.paths.some((path) => paths.includes(path)),
    );
  }
  const known = allScenarios.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new HydrotestError(
      'usage',
      `--scenarios ${unknown.join(',')}: there is no such scenario. There are ${known.join(', ')}.`,
    );
  }
  return allScenarios.filter(({ name }) => names.includes(name));
}

/** Makes every report of a run from its journal, and prints the one for the terminal. */
async function writeReports(folder: string): Promise<Report> {
  const report = judge(readJournal(join(folder, JOURNAL_NAME)));
  process.stdout.write(`${renderTerminal(report, terminalOptions(process.stdout))}\n`);
  for (const { fileName, render } of reporters) await writeFile(join(folder, fileName), render(report));
  const shown = relative(process.cwd(), folder);
  process.stdout.write(`Reports: ${shown}/{${reporters.map(({ fileName }) => fileName).join(',')}}\n`);
  return report;
}

/** One Ctrl-C can arrive twice: from the terminal, and passed on by a package runner. No hand is quicker than this. */
const SAME_INTERRUPT_MS = 200;

/** Ctrl-C once: stop gently and report. Twice: end at once; the guardian ends the target. */
function listenForInterrupts(note: (text: string) => void): { signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt < SAME_INTERRUPT_MS) return;
      process.exit(EXIT_NOT_MEASURED);
    }
    firstAt = performance.now();
    note(`${name}: stopping, the report follows (once more to end at once)`);
    controller.abort(new HydrotestError('aborted', `${name} received`));
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

function listCommand(): void {
  const width = Math.max(...allScenarios.map(({ name }) => name.length));
  for (const { name, proves, paths } of allScenarios) {
    process.stdout.write(`${name.padEnd(width)}  ${proves}\n`);
    if (paths.length === 0) continue;
    const list = paths.map((path) => path.replaceAll(' ', '-')).join(', ');
    process.stdout.write(`${' '.repeat(width)}    paths: ${list}\n`);
  }
  const longest = Math.max(...Object.keys(behaviours).map((name) => name.length));
  process.stdout.write('\nbehaviours, for --mix:\n');
  for (const { name, describes } of Object.values(behaviours)) {
    process.stdout.write(`${name.padEnd(longest)}  ${describes}\n`);
  }
}

async function reportCommand(folder: string): Promise<void> {
  const { verdict } = await writeReports(resolve(folder));
  process.exitCode = EXIT_CODES[verdict.outcome];
}

/** The reference server is a program of its own: it runs as one, with this terminal. */
async function serveCommand(args: string[]): Promise<void> {
  const main = join(dirname(here), '..', 'server', `main${extname(here)}`);
  const child = spawn(process.execPath, [main, ...args], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches the server by itself; a signal to this process alone is passed on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.exitCode = await new Promise<number>((done) => {
    child.once('error', () => done(EXIT_INTERNAL));
    child.once('exit', (code, signal) => done(code ?? (signal === null ? EXIT_INTERNAL : 0)));
  });
}

/** Built-ins that the program needs are missing below this. The same figure stands in package.json's engines. */
const MIN_NODE = [22, 12] as const;

function isNodeTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]);
}

async function main(argv: string[]): Promise<void> {
  if (isNodeTooOld()) {
    process.stderr.write(
      `hydrotest: Node ${process.versions.node} is too old: it needs ${MIN_NODE.join('.')} or newer.\n`,
    );
    process.exitCode = EXIT_USAGE;
    return;
  }
  const program = createProgram(version(), {
    run: runCommand,
    list: listCommand,
    report: reportCommand,
    serve: serveCommand,
  });
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = explain(error);
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof HydrotestError) {
    process.stderr.write(`hydrotest: ${error.message}\n`);
    if (error.code === 'usage') return EXIT_USAGE;
    return error.code === 'internal' ? EXIT_INTERNAL : EXIT_NOT_MEASURED;
  }
  process.stderr.write(
    `hydrotest: a fault in hydrotest itself: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return EXIT_INTERNAL;
}

// Node would exit with 1, which says that the target failed.
process.on('uncaughtException', (error) => {
  process.exit(explain(error));
});
// Whoever reads the output may stop reading: `hydrotest report <run> | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

await main(process.argv);

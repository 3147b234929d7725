import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from './child.ts';
import type { Command } from './contender.ts';

const markerFile = 'installed.txt';
const installWithinMs = 10 * 60_000;
const lineLength = 160;

/**
 * Runs the steps in the folder `name` below `peersDir`, unless they were done before for the same `version`.
 *
 * @returns the folder
 * @throws Error, of one line, when a step fails. The folder is then empty, so the next run tries again.
 */
export async function installOnce(
  peersDir: string,
  name: string,
  version: string,
  steps: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(peersDir, name);
  const marker = join(folder, markerFile);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === version) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await steps(folder);
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    throw cause;
  }
  writeFileSync(marker, version);
  return folder;
}

/** @throws Error, of one line, when the program is not there or fails. */
export async function runStep(command: Command): Promise<void> {
  const child = await startChild(command);
  const { code, stdout, stderr } = await child.stop(null, installWithinMs);
  if (code === 0) return;
  throw new Error(`${command.file} ${command.args[0]} failed: ${errorLine(`${stdout}\n${stderr}`)}`);
}

/** The first line that speaks of an error, or else the last. */
export function errorLine(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const line = lines.find((text) => /\berr(or)?\b/i.test(text)) ?? lines.at(-1) ?? 'it printed nothing';
  return line.length > lineLength ? `${line.slice(0, lineLength)}…` : line;
}

/** Installs one npm package. Its scripts are not run. */
export function installNpm(peersDir: string, name: string, version: string): Promise<string> {
  return installOnce(peersDir, name, version, async (folder) => {
    writeFileSync(join(folder, 'package.json'), '{ "private": true }\n');
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--save-exact'];
    await runStep({ file: 'npm', args: ['install', ...options, `${name}@${version}`], cwd: folder });
  });
}

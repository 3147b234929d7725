import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { CASE_VARIABLE } from './census.ts';

/** A folder for one case, in which everything that its processes may write to has a place that is known. */
export interface Sandbox {
  readonly folder: string;
  /** Given to the program as `--out`: what is in it may stay. */
  readonly outDir: string;
  readonly cwd: string;
  /** The whole environment of the program. */
  readonly env: Record<string, string>;
  /** The one run below `outDir`, or null. */
  runFolder(): string | null;
  /** Files and folders outside of `outDir` that were not there in the beginning, relative to the sandbox. */
  leftovers(): string[];
  /** Mounts a file system over a folder of the sandbox until it is closed. `args` as for mount(8), without the folder. */
  mount(folder: string, args: readonly string[]): void;
  /** Undoes the mounts. Idempotent. */
  unmount(): void;
  remove(): void;
}

/** Names of what the driver itself puts there. */
const OWN = ['out', 'tmp', 'home', 'cwd'];

export function makeSandbox(caseId: string, parent: string = tmpdir()): Sandbox {
  const folder = mkdtempSync(join(parent, `chaos-${caseId}-`));
  const at = (name: string) => join(folder, name);
  for (const name of OWN) mkdirSync(at(name));
  const mounted: string[] = [];
  const unmount = () => {
    // Lazily: a file that is still open somewhere must not keep the folder.
    for (const path of mounted.splice(0).toReversed()) spawnSync('umount', ['--lazy', path]);
  };
  return {
    folder,
    outDir: at('out'),
    cwd: at('cwd'),
    env: environment(caseId, { TMPDIR: at('tmp'), HOME: at('home') }),
    runFolder() {
      const names = existsSync(at('out')) ? readdirSync(at('out'), { withFileTypes: true }) : [];
      const run = names.find((entry) => entry.isDirectory() && /^\d{4}-/.test(entry.name));
      return run === undefined ? null : join(at('out'), run.name);
    },
    leftovers() {
      const inside = ['tmp', 'home', 'cwd'].flatMap((name) => filesBelow(at(name)));
      const beside = readdirSync(folder)
        .filter((name) => !OWN.includes(name))
        .map(at);
      return [...inside, ...beside].map((path) => relative(folder, path));
    },
    mount(path, args) {
      const { status, stderr } = spawnSync('mount', [...args, path], { encoding: 'utf8' });
      if (status !== 0) throw new Error(`mount ${args.join(' ')} ${path}: ${stderr.trim()}`);
      mounted.push(path);
    },
    unmount,
    remove() {
      unmount();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** This process's own, without what would make Node or the program behave in another way on one machine than on another. */
function environment(caseId: string, own: Record<string, string>): Record<string, string> {
  const dropped = /^(NODE_|FORCE_COLOR$|PORT$|GITHUB_|XDG_|npm_|VITEST|CI$)/;
  const kept = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || dropped.test(name) ? [] : [[name, value] as const],
  );
  return { ...Object.fromEntries(kept), ...own, NO_COLOR: '1', [CASE_VARIABLE]: caseId };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
}

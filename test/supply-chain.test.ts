/** What is installed with the package is known, by its lock file: nothing is downloaded here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { REPO } from './support/cli.ts';

const Names = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  dependencies: Names,
  peerDependencies: Names,
  devDependencies: Names,
  optionalDependencies: Names,
  scripts: Names,
  allowScripts: z.record(z.string(), z.boolean()),
});
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().default(false),
      license: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().default(false),
      hasInstallScript: z.boolean().default(false),
      deprecated: z.string().optional(),
    }),
  ),
});

const textOf = (path: string) => readFileSync(join(REPO, path), 'utf8');
const manifest = Manifest.parse(JSON.parse(textOf('package.json')));
const packages = Object.entries(Lock.parse(JSON.parse(textOf('package-lock.json'))).packages).flatMap(
  ([path, entry]) => (path === '' ? [] : [{ path, name: path.replace(/^.*node_modules\//, ''), ...entry }]),
);

/** Why each may run something when it is installed stands in docs/dependencies.md. */
const MAY_RUN = { production: ['esbuild'], development: ['node'] };

/** Those that ask for no more than that their text is kept. */
const LICENCES = ['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'Python-2.0', '(MIT AND Zlib)'];

/** Names in the first column of each table, with the words of the row's licence. */
const documented = textOf('docs/dependencies.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .flatMap((line) => {
    const [, names = '', , , , , licence = ''] = line.split('|').map((cell) => cell.trim());
    return [...names.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ name, licence }));
  });

const direct = [
  ...new Set(
    [
      manifest.dependencies,
      manifest.peerDependencies,
      manifest.devDependencies,
      manifest.optionalDependencies,
    ].flatMap(Object.keys),
  ),
].toSorted();

describe('the supply chain', () => {
  test('each direct dependency is a row of docs/dependencies.md, with its licence, and nothing else is', () => {
    expect(documented.map(({ name }) => name).toSorted()).toEqual(direct);
    const locked = direct.map((name) => ({
      name,
      licence: packages.find(({ path }) => path === `node_modules/${name}`)?.license,
    }));
    expect(documented.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(locked);
  });

  test('only what is known runs anything when it is installed', () => {
    const running = (dev: boolean) =>
      packages.filter((one) => one.hasInstallScript && one.dev === dev).map(({ name }) => name);
    expect(running(false)).toEqual(MAY_RUN.production);
    expect(running(true)).toEqual(MAY_RUN.development);
    const allowed = Object.keys(manifest.allowScripts).filter((name) => manifest.allowScripts[name]);
    expect(allowed.toSorted()).toEqual(Object.values(MAY_RUN).flat().toSorted());
  });

  test('the package itself runs nothing when it is installed', () => {
    const atInstall = [
      'preinstall',
      'install',
      'postinstall',
      'preprepare',
      'prepare',
      'postprepare',
      'dependencies',
    ];
    expect(Object.keys(manifest.scripts).filter((name) => atInstall.includes(name))).toEqual([]);
  });

  test('what is installed is what was locked: each entry has a hash', () => {
    expect(packages.length).toBeGreaterThan(direct.length);
    // A link is a folder of this project, which has none; there is none of those either.
    expect(packages.filter(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([]);
    expect(packages.filter(({ link }) => link)).toEqual([]);
  });

  test('no entry is deprecated, and the licences of production packages are known', () => {
    expect(packages.filter(({ deprecated }) => deprecated !== undefined)).toEqual([]);
    const unknown = packages.filter(({ dev, license }) => !dev && !LICENCES.includes(license ?? ''));
    expect(unknown.map(({ name, license }) => `${name}: ${license}`)).toEqual([]);
  });
});

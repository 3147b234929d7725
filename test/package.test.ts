import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { type Box, boxTest, findRun, REPO, readReport } from './support/cli.ts';

/** What a user writes who wants to read reports and to have a typed configuration. */
const CHECK_TS = `
import { defineConfig, HydrotestError, judge, readJournal, type Report } from 'hydrotest';
export const config = defineConfig({ command: 'npm start', url: 'http://127.0.0.1:{port}/events', limit: 5 });
// @ts-expect-error: options that do not exist are found by the compiler
defineConfig({ limits: 5 });
export function outcomes(report: Report): string[] {
  return report.scenarios.map(({ scenario, outcome }) => \`\${scenario}: \${outcome satisfies string}\`);
}
export const again = (path: string): string => judge(readJournal(path)).verdict.reason;
export const isOurs = (error: unknown): boolean => error instanceof HydrotestError && error.code === 'usage';
`;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    // The types have to stand alone, without those of Node.
    types: [],
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['check.ts'],
};

boxTest('the published package works in an empty folder', { timeout: 300_000 }, async ({ box }) => {
  const tarball = await pack(box);
  const consumer = join(box.folder, 'consumer');
  mkdirSync(consumer);
  writeFileSync(join(consumer, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  await run(box, consumer, 'npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball]);

  const installed = join(consumer, 'node_modules/hydrotest');
  const { scripts } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of ['preinstall', 'install', 'postinstall', 'prepare'])
    expect(scripts).not.toHaveProperty(name);
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' });
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'dist/harness/cli.js']),
  );
  expect(files.filter((file) => /\.test\.|(?<!\.d)\.ts$|(^|\/)testing\//.test(file))).toEqual([]);

  const help = await run(box, consumer, 'npx', ['hydrotest', '--help']);
  expect(help).toContain('Examples:');

  writeFileSync(join(consumer, 'check.ts'), CHECK_TS);
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  await run(box, consumer, process.execPath, [join(REPO, 'node_modules/typescript/bin/tsc'), '-p', '.']);

  // The reference server, the guardian and the probes all run from the compiled files; the options come from a
  // configuration that imports the package by its name.
  writeFileSync(
    join(consumer, 'hydrotest.config.ts'),
    `import { defineConfig } from 'hydrotest';\nexport default defineConfig({ scenarios: 'limit', out: '../out' });\n`,
  );
  const output = await run(box, consumer, 'npx', ['hydrotest', 'run']);
  expect(output).toContain('PASS');
  const report = readReport(findRun(box.outDir) ?? '');
  expect(report?.verdict.outcome).toBe('pass');
  expect(report?.scenarios.map(({ scenario, leakProbe }) => [scenario, leakProbe])).toEqual([
    ['limit', 'heap'],
  ]);
  expect(report?.environment.hydrotestVersion).toBe(packageVersion());

  const schemaPath = createRequire(join(consumer, 'check.js')).resolve('hydrotest/report.schema.json');
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
    JSON.parse(readFileSync(schemaPath, 'utf8')),
  );
  expect(validate(report), JSON.stringify(validate.errors, null, 2)).toBe(true);
});

/** Packs a copy of the sources, as the build that goes before it would pull dist/ away from under other tests. */
async function pack(box: Box): Promise<string> {
  const copy = join(box.folder, 'copy');
  mkdirSync(copy);
  const names = ['server', 'harness', 'scenarios', 'reports', 'package.json', 'build.ts', 'tsconfig.json'];
  const documents = ['tsconfig.build.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];
  for (const name of [...names, ...documents].filter((name) => existsSync(join(REPO, name)))) {
    cpSync(join(REPO, name), join(copy, name), {
      recursive: true,
      filter: (path) => path !== join(REPO, 'reports/out'),
    });
  }
  symlinkSync(join(REPO, 'node_modules'), join(copy, 'node_modules'));
  await run(box, copy, 'npm', ['pack', '--pack-destination', box.folder]);
  const tarballs = readdirSync(box.folder).filter((name) => name.endsWith('.tgz'));
  expect(tarballs).toEqual([`hydrotest-${packageVersion()}.tgz`]);
  return join(box.folder, tarballs[0] as string);
}

function packageVersion(): string {
  return JSON.parse(readFileSync(join(REPO, 'package.json'), 'utf8')).version;
}

/** Runs a program with this Node first on the PATH; its standard output, or an error with all that it printed. */
async function run(box: Box, cwd: string, command: string, args: string[]): Promise<string> {
  box.env.PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  const child = box.spawn(command, args, { cwd });
  let [stdout, all] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    all += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    all += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${all}`);
  return stdout;
}

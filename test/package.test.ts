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
import {
  assertPasses, defineConfig, explain, holdStreams, HydrotestError, judge, readJournal, releaseEverything, runScenarios,
  type Report, type ReporterFunction,
} from 'hydrotest';
export const config = defineConfig({ command: 'npm start', url: 'http://127.0.0.1:{port}/events', limit: 5 });
// @ts-expect-error: options that do not exist are found by the compiler
defineConfig({ limits: 5 });
export function outcomes(report: Report): string[] {
  return report.scenarios.map(({ scenario, outcome }) => \`\${scenario}: \${outcome satisfies string}\`);
}
export const again = (path: string): string => judge(readJournal(path)).verdict.reason;
export async function test(url: string, signal: AbortSignal): Promise<string> {
  const report = await holdStreams({ command: 'npm start', url }, { streams: 200, duration: '5s', signal });
  assertPasses(report);
  await releaseEverything({ port: 80, url, limit: 5 }, { paths: ['abrupt-drop'], out: 'build' });
  return explain(await runScenarios({ scenarios: 'limit' }, { onStatus: ({ phase }) => void phase }));
}
// @ts-expect-error: a target says nothing of scenarios
releaseEverything({ port: 80, url: '', scenarios: 'limit' });
export const mine: ReporterFunction = async ({ verdict }) => verdict.reason;
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

/** What the compiler has to know of the matchers; what Vitest itself needs (the types of Node, of a DOM) is not ours. */
const VITEST_TSCONFIG = {
  compilerOptions: { ...TSCONFIG.compilerOptions, skipLibCheck: true },
  files: ['vitest/stream.test.ts', 'mistakes.test.ts'],
};

const MISTAKES_TEST = `
import 'hydrotest/vitest';
import { expect } from 'vitest';
// @ts-expect-error: options that do not exist are found by the compiler
expect({}).toHoldStreams({ stream: 200 });
export const promise: Promise<void> = expect({ port: 80 }).not.toReleaseEverything();
`;

/** A test whose time is over ends the target of its run, while the tests after it go on. */
const TIMEOUT_TEST = `
import 'hydrotest/vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
const marker = 'HYDROTEST_TIMEOUT=' + process.pid;
const running = () => readdirSync('/proc').filter((pid) => {
  try {
    return /^\\d+$/.test(pid) && readFileSync('/proc/' + pid + '/environ', 'latin1').split('\\0').includes(marker);
  } catch {
    return false;
  }
});
let held: Promise<void>;
test('takes too long', { timeout: 3000 }, async () => {
  const target = { command: marker + ' node server.mjs', url: 'http://127.0.0.1:{port}/' };
  await (held = expect(target).toHoldStreams({ streams: 5, duration: '1h' }));
});
test('the next one', { timeout: 60_000 }, async () => {
  await expect(held).rejects.toThrow('the run was stopped before its end');
  await expect.poll(running, { timeout: 20_000 }).toEqual([]);
});
`;

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

  await runExamples(box, consumer);
});

/** The examples as their readers have them: beside the package, with the Vitest of this repository. */
async function runExamples(box: Box, consumer: string): Promise<void> {
  for (const name of ['server.mjs', 'vitest', 'node-test']) {
    cpSync(join(REPO, 'examples', name), join(consumer, name), { recursive: true });
  }
  symlinkSync(join(REPO, 'node_modules/vitest'), join(consumer, 'node_modules/vitest'));
  writeFileSync(join(consumer, 'mistakes.test.ts'), MISTAKES_TEST);
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify(VITEST_TSCONFIG));
  await run(box, consumer, process.execPath, [join(REPO, 'node_modules/typescript/bin/tsc'), '-p', '.']);

  const vitest = [join(REPO, 'node_modules/vitest/vitest.mjs'), 'run', '--no-cache'];
  // On a machine that is busy with other tests a run may be inconclusive, which does not pass.
  const output = await run(box, consumer, process.execPath, [...vitest, '--retry=2', 'vitest/']);
  expect(output).toMatch(/Tests .*2 passed/);
  const nodeTest = () => run(box, consumer, process.execPath, ['--test', 'node-test/stream.test.mjs']);
  await nodeTest().catch(nodeTest).catch(nodeTest);

  mkdirSync(join(consumer, 'late'));
  writeFileSync(join(consumer, 'late/late.test.ts'), TIMEOUT_TEST);
  const late = await run(box, consumer, process.execPath, [...vitest, 'late/']).catch(String);
  expect(late).toMatch(/exit code 1/);
  expect(late).toContain('Test timed out in 3000ms');
  expect(late).toMatch(/Tests .*1 failed.*1 passed/);
}

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

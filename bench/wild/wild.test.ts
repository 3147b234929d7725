import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test as plain } from 'vitest';
import {
  emptyReport,
  failingReport,
  inconclusiveReport,
  interruptedReport,
  passingReport,
} from '../../reports/testing/sample-report.ts';
import { killProcess, processesWith } from '../../test/support/processes.ts';
import { until } from '../../test/support/until.ts';
import { readReport } from './reading.ts';
import { runTrial } from './trial.ts';
import { readCases, type WildCase } from './wild-case.ts';

const WILD = fileURLToPath(new URL('../wild.ts', import.meta.url));
const CASES = fileURLToPath(new URL('.', import.meta.url));
const cases = readCases(CASES);

interface Box {
  /** Stands in for the system's folder for temporary files. */
  folder: string;
  start(args: string[], env: Record<string, string>): ChildProcess;
  /** Folders that the bench has made and not removed. */
  folders(): string[];
  processes(): { pid: number; command: string }[];
}

/** Whatever a test starts is known by its environment; in the end nothing of it may be left. */
const test = plain.extend<{ box: Box }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of other fixtures from the pattern.
  box: async ({}, use) => {
    const folder = mkdtempSync(join(tmpdir(), 'wild-test-'));
    const box: Box = {
      folder,
      start: (args, env) =>
        spawn(process.execPath, [WILD, ...args], {
          env: {
            ...process.env,
            TMPDIR: folder,
            npm_config_cache: join(folder, 'cache'),
            WILD_TEST: basename(folder),
            ...env,
          },
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      folders: () => readdirSync(folder).filter((name) => name.startsWith('hydrotest-wild-')),
      processes: () => processesWith(`WILD_TEST=${basename(folder)}`),
    };
    try {
      await use(box);
      expect(box.processes()).toEqual([]);
    } finally {
      for (const { pid } of box.processes()) killProcess(pid);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
});

async function ended(child: ChildProcess) {
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

test.for(cases)('$name has what it takes to run, and versions that cannot move', (wildCase) => {
  const folder = join(CASES, wildCase.name);
  expect(Object.keys(wildCase.sides).sort().join()).toMatch(/^(clean|fixed,leaky)$/);
  for (const [side, { version, expected }] of Object.entries(wildCase.sides)) {
    expect(expected).toBe(side === 'leaky' ? 'leak' : 'no leak');
    const isNode = existsSync(join(folder, 'server.mjs'));
    const manifest = readFileSync(join(folder, side, isNode ? 'package.json' : 'requirements.txt'), 'utf8');
    const pinned = isNode
      ? Object.values((JSON.parse(manifest) as { dependencies: Record<string, string> }).dependencies)
      : manifest.trim().split('\n');
    for (const entry of pinned) {
      expect(entry).toMatch(isNode ? /^(npm:[\w-]+@)?\d+\.\d+\.\d+(-rc\.\d+)?$/ : /^[\w-]+==\d+\.\d+\.\d+$/);
    }
    for (const part of version.split(' + ')) {
      expect(pinned.some((entry) => entry.endsWith(part.split(' ').at(-1) ?? part))).toBe(true);
    }
  }
});

test('a run that found a leak says on which path, and the rate in the unit that explains the growth', () => {
  const report = failingReport();
  const evidence = report.scenarios
    .flatMap(({ findings }) => findings)
    .flatMap((finding) =>
      finding.check === 'memory-leak' && finding.outcome === 'fail' ? [finding.evidence] : [],
    );
  expect(evidence.length).toBeGreaterThan(1);
  const [byCause, byPath] = evidence;
  const event = { unit: 'event', doseCount: 1, ratePerUnitBytes: 1001 } as const;
  const interval = { lowPerUnitBytes: 990, highPerUnitBytes: 1010, deltaBytes: 16 };
  Object.assign(byCause ?? {}, { path: 'receive', cause: 'event', rates: [{ ...event, ...interval }] });
  Object.assign(byPath ?? {}, {
    path: 'abrupt drop',
    unit: 'connection',
    cause: null,
    ratePerUnitBytes: 21_344,
  });
  const { verdict, leaks, others } = readReport(report);
  expect(verdict).toBe('leak');
  expect(leaks).toContain('receive: 1 kB per event');
  expect(leaks).toContain('abrupt drop: 21.3 kB per connection');
  expect(others).toContain('fail: limit / connection-limit');
});

test('what cleanup found left behind is a leak too', () => {
  const report = passingReport();
  const cleanup = report.scenarios
    .flatMap(({ findings }) => findings)
    .find(({ check }) => check === 'cleanup');
  Object.assign(cleanup ?? {}, { outcome: 'fail' });
  const { verdict, leaks, others } = readReport(report);
  expect({ verdict, leaks }).toEqual({ verdict: 'leak', leaks: [] });
  expect(others.join()).toContain('fail: orphans / cleanup');
});

test('no leak needs a complete run that measured and passed; anything less is not decided', () => {
  expect(readReport(passingReport())).toEqual({ verdict: 'no leak', leaks: [], others: [] });
  const unmeasured = passingReport();
  for (const scenario of unmeasured.scenarios) {
    scenario.findings = scenario.findings.filter(({ check }) => check !== 'memory-leak');
  }
  const incomplete = { ...passingReport(), complete: false };
  for (const report of [
    unmeasured,
    incomplete,
    inconclusiveReport(),
    interruptedReport(),
    emptyReport(),
    null,
  ]) {
    expect(readReport(report).verdict).toBe('not decided');
  }
});

test('an unknown case is named, with those that there are', async ({ box }) => {
  const { code, stderr } = await ended(box.start(['clean-hono-see'], {}));
  expect(code).toBe(2);
  expect(stderr).toContain('there is no case clean-hono-see. There are clean-better-sse, clean-hono-sse,');
});

test('a registry that cannot be reached is said to be, and nothing is left', async ({ box }) => {
  // Nothing listens on port 1.
  const env = { npm_config_registry: 'http://127.0.0.1:1/', npm_config_fetch_retries: '0' };
  const { code, stdout, stderr } = await ended(box.start(['clean-hono-sse'], env));
  expect(code, stderr).toBe(1);
  expect(stderr).toContain('npm install could not reach the package registry (ECONNREFUSED)');
  expect(stdout).toContain('0 of 1 as expected');
  expect(box.folders()).toEqual([]);
});

test('Ctrl-C leaves no folder and no process', async ({ box }) => {
  let isAsked = false;
  // A registry that never answers keeps npm waiting.
  const registry = createServer(() => {
    isAsked = true;
  }).listen(0, '127.0.0.1');
  await once(registry, 'listening');
  try {
    const { port } = registry.address() as AddressInfo;
    const child = box.start(['clean-hono-sse'], { npm_config_registry: `http://127.0.0.1:${port}/` });
    const result = ended(child);
    await until('npm asks the registry', () => isAsked);
    expect(box.folders()).toHaveLength(1);
    child.kill('SIGINT');
    const { code, stdout, stderr } = await result;
    expect(code, stderr).toBe(130);
    expect(stdout).toContain('0 of 1 as expected');
    expect(box.folders()).toEqual([]);
  } finally {
    registry.closeAllConnections();
    registry.close();
  }
});

test('a side is installed, tested and read; a run that measured no leak rate decides nothing', async ({
  box,
}) => {
  const folder = join(box.folder, 'bare');
  mkdirSync(join(folder, 'clean'), { recursive: true });
  writeFileSync(
    join(folder, 'clean', 'package.json'),
    '{ "name": "bare", "private": true, "type": "module" }',
  );
  writeFileSync(
    join(folder, 'server.mjs'),
    `import { createServer } from 'node:http';
     createServer((_request, response) => {
       response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: hello\\n\\n');
     }).listen(Number(process.env.PORT), '127.0.0.1');`,
  );
  const sides = { clean: { version: '0.0.0', expected: 'no leak', bytesPerUnit: 0 } } as const;
  const words = { package: 'none', mechanism: 'none', trigger: 'none', measuredBy: 'nobody' };
  const wildCase: WildCase = { name: 'bare', endpoint: '/', unit: 'connection', issues: [], sides, ...words };
  const steps: string[] = [];
  const outDir = join(box.folder, 'reports');
  const { verdict, leaks, others } = await runTrial(folder, wildCase, 'clean', {
    scenarios: ['orphans'],
    outDir,
    signal: new AbortController().signal,
    onStep: (step) => steps.push(step),
  });
  expect(steps).toEqual(['installing', 'testing']);
  expect({ verdict, leaks }).toEqual({ verdict: 'not decided', leaks: [] });
  expect(others).toContain('no leak rate was measured');
  const [run = ''] = readdirSync(join(outDir, 'bare', 'clean'));
  expect(existsSync(join(outDir, 'bare', 'clean', run, 'report.json'))).toBe(true);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith('hydrotest-wild-bare-'))).toEqual([]);
});

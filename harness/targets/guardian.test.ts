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
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findFreePort } from './free-port.ts';
import { isPortOpen } from './open-port.ts';
import { isGroupAlive, isProcessAlive, readIdentity } from './process-group.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const DEADLINE = { timeout: 20_000, interval: 20 };

let folder: string;
let owned: string;
let children: ChildProcess[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-guardian-'));
  owned = join(folder, 'owned');
  mkdirSync(owned);
  writeFileSync(join(owned, 'events.jsonl'), '{}\n');
  children = [];
});

afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  rmSync(folder, { recursive: true });
});

interface Harness {
  process: ChildProcess;
  targetPid: number;
  guardianPid: number;
  port: number;
}

/** A process that does what the harness does: it starts a target, says so, and obeys one word on its stdin. */
async function startHarness(targetScript: string, entry: string): Promise<Harness> {
  const port = await findFreePort();
  const server = join(folder, 'server.cjs');
  writeFileSync(
    server,
    `${targetScript} require('node:http').createServer((q, s) => s.end('hi')).listen(${port}, '127.0.0.1');`,
  );
  const script = `
    import { spawnTarget } from ${JSON.stringify(entry)};
    const target = await spawnTarget({
      command: ${JSON.stringify(`${process.execPath} ${server} & wait`)},
      env: process.env, readyUrl: 'http://127.0.0.1:${port}/', readyTimeoutMs: 20000,
      outputFile: ${JSON.stringify(join(folder, 'output.log'))}, ownedFolder: ${JSON.stringify(owned)},
      signal: new AbortController().signal });
    process.stdin.once('data', async () => { await target.stop(); process.exit(0); });
    console.log(target.pid);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  const [line] = await once(child.stdout, 'data');
  const targetPid = Number(String(line));
  const guardianPid = findGuardian(child.pid ?? 0);
  return { process: child, targetPid, guardianPid, port };
}

function findGuardian(harnessPid: number): number {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      const parent = readFileSync(`/proc/${name}/stat`, 'latin1').split(') ')[1]?.split(' ')[1];
      if (/guardian\.[tj]s$/.test(words[1] ?? '') && parent === String(harnessPid)) return Number(name);
    } catch {
      // Ended meanwhile.
    }
  }
  throw new Error(`no guardian below ${harnessPid}`);
}

async function killAndExpectAllGone(harness: Harness): Promise<void> {
  harness.process.kill('SIGKILL');
  await expect.poll(() => isGroupAlive(harness.targetPid), DEADLINE).toBe(false);
  await expect.poll(() => isProcessAlive(harness.guardianPid, null), DEADLINE).toBe(false);
  expect(existsSync(owned)).toBe(false);
  expect(existsSync(folder)).toBe(true);
}

test('a harness killed with -9 leaves neither target nor guardian nor folder behind', async () => {
  await killAndExpectAllGone(await startHarness('', join(HERE, 'spawn.ts')));
});

test('the same with a target that ignores SIGTERM', async () => {
  await killAndExpectAllGone(await startHarness(`process.on('SIGTERM', () => {});`, join(HERE, 'spawn.ts')));
});

test('the same from compiled files', async () => {
  const compiled = join(folder, 'compiled', 'targets');
  mkdirSync(compiled, { recursive: true });
  writeFileSync(join(folder, 'compiled', 'package.json'), '{"type":"module"}');
  const sources = readdirSync(HERE).filter((name) => !name.endsWith('.test.ts'));
  for (const name of [...sources, '../errors.ts', '../redact.ts']) {
    const code = stripTypeScriptTypes(readFileSync(join(HERE, name), 'utf8'));
    writeFileSync(join(compiled, name.replace(/ts$/, 'js')), code.replaceAll(/(from '.*)\.ts'/g, "$1.js'"));
  }
  const harness = await startHarness('', join(compiled, 'spawn.js'));
  expect(readFileSync(`/proc/${harness.guardianPid}/cmdline`, 'utf8')).toContain('guardian.js');
  await killAndExpectAllGone(harness);
});

test('twin: while the harness lives the target does, and an orderly stop takes the guardian along', async () => {
  const harness = await startHarness('', join(HERE, 'spawn.ts'));
  // Ctrl-C goes to the terminal's foreground group: neither may be in the harness's session.
  const session = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[3];
  expect(session(harness.guardianPid)).toBe(String(harness.guardianPid));
  expect(session(harness.targetPid)).toBe(String(harness.targetPid));
  // Caught signals: SIGHUP 1, SIGINT 2, SIGTERM 15. Once they are, sending them must change nothing.
  const caught = () => {
    const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(
      readFileSync(`/proc/${harness.guardianPid}/status`, 'latin1'),
    )?.[1];
    return BigInt(`0x${mask}`) & 0x4003n;
  };
  await expect.poll(caught, DEADLINE).toBe(0x4003n);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(harness.guardianPid, signal);
  expect(await isPortOpen({ host: '127.0.0.1', port: harness.port }, 5000)).toBe(true);
  expect(isProcessAlive(harness.guardianPid, null)).toBe(true);

  harness.process.stdin?.write('stop');
  const [code] = await once(harness.process, 'exit');
  expect(code).toBe(0);
  expect(isGroupAlive(harness.targetPid)).toBe(false);
  expect(isProcessAlive(harness.guardianPid, null)).toBe(false);
  expect(existsSync(owned)).toBe(true);
});

test('spares a group whose number was used again, and ends it when it is the target', async () => {
  const stranger = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
  children.push(stranger);
  const pid = stranger.pid ?? 0;
  const ticks = readIdentity(pid)?.startTicks ?? 0;
  const runGuardian = async (startTicks: number) => {
    const guardian = spawn(process.execPath, [join(HERE, 'guardian.ts'), '', ''], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    children.push(guardian);
    // The second one is torn: what its number was going to be is not known.
    guardian.stdin.end(`${pid} ${startTicks}\n${pid}`);
    await once(guardian, 'exit');
  };
  await runGuardian(ticks - 1);
  expect(isProcessAlive(pid, ticks)).toBe(true);
  await runGuardian(ticks);
  expect(isProcessAlive(pid, ticks)).toBe(false);
});

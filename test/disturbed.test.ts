import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { findFreePort } from '../harness/targets/free-port.ts';
import {
  type Box,
  boxTest,
  CLI,
  EVENTS_URL,
  findRun,
  NODE,
  REPO,
  shown,
  targetCommand,
} from './support/cli.ts';
import { findingsOf, reportOf } from './support/findings.ts';
import { fillUp, smallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';

const misfit = (...args: string[]) => `${targetCommand('misfit.mjs')} ${args.join(' ')}`;
const tabs = (command: string, duration: string) => [
  ...['run', '--command', command, '--url', EVENTS_URL, '--no-inspect'],
  ...['--scenarios', 'tabs', '--duration', duration],
];

/** Resolves when the run holds its ten tabs. */
async function holdsTabs(box: Box): Promise<void> {
  await until('ten streams are open', () => journalOf(box).includes('"openStreamCount":10,'));
}

function journalOf(box: Box): string {
  const path = join(findRun(box.outDir) ?? '', JOURNAL_NAME);
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Processes of the target that run its script, the first one first. */
function serversOf(box: Box): number[] {
  return box
    .processes()
    .filter(({ command }) => /^\S*node\S* .*misfit\.mjs/.test(command) && !command.includes('cli.ts'))
    .map(({ pid }) => pid)
    .sort((a, b) => a - b);
}

function aliveFinding(result: Parameters<typeof findingsOf>[0]) {
  return findingsOf(result).find(({ check }) => check === 'target-alive');
}

/** A memory cgroup of its own with so many bytes, or why there is none. Returns what a shell writes its pid to. */
function memoryCgroup(
  bytes: number,
  onTestFinished: (end: () => void) => void,
): { procs: string } | { lack: string } {
  const path = `/sys/fs/cgroup/memory/hydrotest-${process.pid}`;
  try {
    mkdirSync(path);
  } catch (error) {
    return { lack: `no memory cgroup (v1) can be made here: ${String(error)}` };
  }
  onTestFinished(async () => {
    // It can be removed when the last of its processes is gone for good.
    await until('the cgroup is empty', () => {
      try {
        rmdirSync(path);
        return true;
      } catch {
        return false;
      }
    });
  });
  try {
    writeFileSync(join(path, 'memory.limit_in_bytes'), String(bytes));
    if (existsSync(join(path, 'memory.memsw.limit_in_bytes')))
      writeFileSync(join(path, 'memory.memsw.limit_in_bytes'), String(bytes));
    if (!/^oom_kill /m.test(readFileSync(join(path, 'memory.oom_control'), 'utf8')))
      return { lack: 'this kernel counts no OOM kills of a cgroup' };
  } catch (error) {
    return { lack: `no limit can be set here: ${String(error)}` };
  }
  return { procs: join(path, 'cgroup.procs') };
}

/** Waits for a file, then listens on a port that it is told, as somebody else's server would. */
const STRANGER = `
  const { existsSync } = require('node:fs');
  const [port, file] = process.argv.slice(1);
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    require('node:net').createServer().listen(Number(port), '127.0.0.1');
  }, 10);
  console.log('waiting');
`;

describe.concurrent('a target that is disturbed', () => {
  boxTest('stopped for good: not waited for, and named', async ({ box }) => {
    const cli = box.start(tabs(misfit(), '10m'));
    await holdsTabs(box);
    const [pid = 0] = serversOf(box);
    process.kill(pid, 'SIGSTOP');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('invalid');
    expect(reason).toContain(`process ${pid} (`);
    expect(reason).toContain('was stopped by a signal such as SIGSTOP (state T)');
    expect(reason).toContain('the last words');
    expect(reason).toMatch(/was still stopped [5-9]\.\d s later/);
    expect(reportOf(result).scenarios[0]?.findings.map((finding) => finding.outcome)).not.toContain('pass');
  });

  boxTest('stopped, and let go on: told, and no verdict on it', async ({ box }) => {
    const cli = box.start(tabs(misfit(), '4s'));
    await holdsTabs(box);
    const [pid = 0] = serversOf(box);
    process.kill(pid, 'SIGSTOP');
    await until('the stop is noticed', () => journalOf(box).includes('"event":"stopped"'));
    process.kill(pid, 'SIGCONT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('invalid');
    expect(reason).toMatch(/went on after about \d\.\d s/);
    expect(reason).not.toContain('still stopped');
  });

  boxTest('started again by node --watch: named at once, with both pids', async ({ box }) => {
    const script = join(box.folder, 'misfit.mjs');
    copyFileSync(join(REPO, 'test/targets/misfit.mjs'), script);
    const cli = box.start(tabs(`${NODE} --watch '${script}'`, '10m'));
    await holdsTabs(box);
    const before = serversOf(box).at(-1);
    utimesSync(script, new Date(), new Date());
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(1);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('fail');
    const [, was, is] =
      /process (\d+), which listened on port \d+, is gone, and process (\d+) does now: it was restarted/.exec(
        reason ?? '',
      ) ?? [];
    expect(Number(was), reason).toBe(before);
    expect(Number(is)).not.toBe(before);
  });

  boxTest('a cluster whose worker is replaced: no series of two processes', async ({ box }) => {
    const cli = box.start(tabs(misfit('cluster'), '4s'));
    await holdsTabs(box);
    const worker = serversOf(box).at(-1) ?? 0;
    process.kill(worker, 'SIGKILL');
    const result = await cli.ended;
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome, shown(result)).toBe('invalid');
    expect(reason).toMatch(
      new RegExp(`process ${worker} \\(.*misfit.mjs cluster\\) ended and process \\d+ took its place`),
    );
    expect(result.code).not.toBe(0);
  });

  boxTest('a cluster that is left alone passes', async ({ box }) => {
    const result = await box.run(tabs(misfit('cluster'), '2s'));
    expect(result.code, shown(result)).toBe(0);
  });

  boxTest('lives and does not listen any more: fail', async ({ box }) => {
    const result = await box.run(tabs(misfit('deaf-at', '11'), '10m'));
    expect(result.code, shown(result)).toBe(1);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('fail');
    expect(reason).toMatch(/process \d+ lives but does not listen on port \d+ any more/);
    expect(reason).toContain('the last words');
  });

  boxTest('ends by SIGSEGV: fail, and the signal is named', async ({ box }) => {
    const result = await box.run(tabs(misfit('segfault-at', '5'), '10m'));
    expect(result.code, shown(result)).toBe(1);
    expect(aliveFinding(result)?.reason).toContain('SIGSEGV');
  });

  boxTest('listens late, but in time', async ({ box }) => {
    const result = await box.run(tabs(misfit('late', '1500'), '1s'));
    expect(result.code, shown(result)).toBe(0);
  });

  boxTest('its port is taken after our look at it: the stranger is named', async ({ box }) => {
    const port = await findFreePort();
    const sign = join(box.folder, 'sign');
    const stranger = box.spawn(process.execPath, ['-e', STRANGER, String(port), sign]);
    await once(stranger.stdout as NodeJS.ReadableStream, 'data');
    const command = `touch '${sign}'; sleep 600`;
    const url = `http://127.0.0.1:${port}/events`;
    const result = await box.run(['run', '--command', command, '--url', url, '--scenarios', 'tabs']);
    stranger.kill('SIGKILL');
    expect(result.code, shown(result)).toBe(3);
    const { reason } = reportOf(result).verdict;
    expect(reason).toContain(`port ${port} was taken by a stranger`);
    expect(reason).toContain(`process ${stranger.pid} (`);
  });

  boxTest('a server that left the group of its command is measured, and noted', async ({ box }) => {
    const file = join(box.folder, 'pid');
    const command = `setsid -f sh -c 'echo $$ > "${file}"; exec "${process.execPath}" "${join(REPO, 'test/targets/misfit.mjs')}"'; sleep 600`;
    const result = await box.run(tabs(command, '1s'));
    const pid = Number(readFileSync(file, 'utf8'));
    process.kill(pid, 'SIGKILL');
    expect(result.code, shown(result)).not.toBe(1);
    expect(reportOf(result).scenarios[0]?.streamCount, shown(result)).toBeGreaterThan(10);
    expect(JSON.stringify(reportOf(result).scenarios[0]?.gaps)).toContain(`process ${pid} (`);
  });

  boxTest('killed for want of memory: said, with what it used', async ({ box, skip, onTestFinished }) => {
    const cgroup = memoryCgroup(150e6, onTestFinished);
    if ('lack' in cgroup) return skip(cgroup.lack);
    const command = `echo $$ > ${cgroup.procs}; exec ${misfit('eat-at', '11')}`;
    const result = await box.run(tabs(command, '10m'));
    expect(result.code, shown(result)).toBe(1);
    const { outcome, reason } = aliveFinding(result) ?? {};
    expect(outcome).toBe('fail');
    expect(reason).toMatch(/OOM killer ended a process of its memory cgroup .*, which may have 150 MB/);
    expect(reason).toMatch(/the last reading before was \d+ MB of resident memory/);
  });

  boxTest('dies because the disk is full: not its fault', async ({ box, skip, onTestFinished }) => {
    const disk = smallDisk(onTestFinished);
    if ('lack' in disk) return skip(disk.lack);
    const outDir = join(disk.path, 'out');
    const args = tabs(misfit('log', `'${join(disk.path, 'server.log')}'`), '10m');
    const cli = box.start([...args, '--out', outDir], { out: false });
    await until('streams are open', () => existsSync(join(disk.path, 'server.log')));
    fillUp(disk.path);
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    expect(result.stdout).toMatch(/was\s+full/);
    expect(result.stdout).not.toContain('FAIL');
  });
});

describe.concurrent('whoever reads the output', () => {
  const cli = (box: Box, args: string[], redirection: string) => {
    const words = [process.execPath, CLI, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
    const child = box.spawn('bash', ['-c', `${words.join(' ')} --out '${box.outDir}' ${redirection}`]);
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    return once(child, 'close').then(([code]) => ({ code: code as number | null, stdout }));
  };
  const failing = tabs(misfit('segfault-at', '3'), '1s');

  boxTest.for([
    ['stops after a line', '| head -1; exit $PIPESTATUS', 1],
    ['has closed it before', '>&-', 1],
    ['has a full disk', '> /dev/full', 1],
    ['has a full disk for all', '> /dev/full 2>&1', 1],
  ] as const)('%s: the exit code is that of the verdict', async ([, redirection, code], { box, skip }) => {
    if (!existsSync('/dev/full')) return skip('no /dev/full here');
    expect((await cli(box, failing, redirection)).code).toBe(code);
  });

  boxTest('hangs up (SIGHUP): stops gently, and reports', async ({ box }) => {
    const run = box.start(tabs(misfit(), '10m'));
    await holdsTabs(box);
    run.signal('SIGHUP');
    const result = await run.ended;
    expect(result.code, shown(result)).toBe(3);
    expect(reportOf(result).verdict.reason).toContain('SIGHUP');
  });

  boxTest('has a terminal that obeys: no control character of a target reaches it', async ({ box }) => {
    const command = `printf '\\033]0;owned\\007 no such database \\033[2J'; exit 7`;
    const args = ['compare', '--baseline', command, '--command', command, '--url', EVENTS_URL];
    const result = await box.run([...args, '--scenarios', 'tabs'], { out: false });
    expect(result.code, shown(result)).not.toBe(0);
    const output = result.stdout + result.stderr;
    expect(output).toContain('no such database');
    for (const control of ['\u0007', '\u001b']) expect(output).not.toContain(control);
  });
});

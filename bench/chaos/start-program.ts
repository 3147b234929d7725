import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOURNAL_NAME } from '../../harness/journal.ts';
import { CASE_VARIABLE, processesOf } from './census.ts';
import { type Ending, kill, type LiveScene } from './fault.ts';
import type { Sandbox } from './sandbox.ts';

const POLL_MS = 20;

export interface Running {
  output: { stdout: string; stderr: string };
  ended: Promise<{ ending: Ending | null; hang: string | null }>;
  live: Pick<LiveScene, 'harness' | 'find' | 'pause' | 'until' | 'hasEnded'>;
}

/** Starts it, and watches it to its end. After the deadline it and all that belongs to its case is killed. */
export function startProgram(line: readonly string[], sandbox: Sandbox, deadlineMs: number): Running {
  const [command = '', ...args] = line;
  const caseId = sandbox.env[CASE_VARIABLE] ?? '';
  // In a group of its own: an interrupt from the terminal is the driver's.
  const child = spawn(command, args, {
    cwd: sandbox.cwd,
    env: sandbox.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  let ended = false;
  let hang: string | null = null;
  const deadline = setTimeout(() => {
    hang = describeHang(child, sandbox, output, deadlineMs);
    for (const { pid } of processesOf(caseId)) kill(pid, 'SIGKILL');
  }, deadlineMs);
  const closed = new Promise<void>((done) => child.once('close', () => done()));
  const ending = new Promise<{ ending: Ending | null; hang: string | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', async (code, name) => {
      ended = true;
      clearTimeout(deadline);
      // The rest of its output; who else holds the pipe may hold it for ever.
      await Promise.race([closed, sleep(500)]);
      resolve({ ending: hang === null ? (code ?? name) : null, hang });
    });
  });
  return {
    output,
    ended: ending,
    live: {
      harness: child,
      hasEnded: () => ended,
      async find(role) {
        for (;;) {
          const found = processesOf(caseId).find((one) => one.role === role);
          if (found !== undefined) return found;
          if (ended) return null;
          await sleep(POLL_MS);
        }
      },
      async pause(ms) {
        const until = performance.now() + ms;
        while (!ended && performance.now() < until) await sleep(Math.min(POLL_MS, ms));
      },
      async until(holds) {
        while (!ended && !holds()) await sleep(POLL_MS);
      },
    },
  };
}

function describeHang(
  child: ChildProcess,
  sandbox: Sandbox,
  { stdout, stderr }: { stdout: string; stderr: string },
  deadlineMs: number,
): string {
  const last = (text: string) => text.trimEnd().split('\n').at(-1)?.slice(0, 300) ?? '';
  const processes = processesOf(sandbox.env[CASE_VARIABLE] ?? '').map(
    ({ pid, role }) => `${role} ${pid} (${waitOf(pid)})`,
  );
  return [
    `process ${child.pid} goes on after ${deadlineMs / 1000} s`,
    `processes: ${processes.join(', ')}`,
    `journal: ${last(readJournalOf(sandbox))}`,
    `stdout: ${last(stdout)}`,
    `stderr: ${last(stderr)}`,
  ].join('\n');
}

/** Its state, and the function of the kernel in which it waits. */
function waitOf(pid: number): string {
  const read = (name: string) => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8');
    } catch {
      return '?';
    }
  };
  const state = /^State:\s+(\S+)/m.exec(read('status'))?.[1] ?? '?';
  return `${state} ${read('wchan')}`;
}

function readJournalOf(sandbox: Sandbox): string {
  const run = sandbox.runFolder();
  try {
    return run === null ? '' : readFileSync(join(run, JOURNAL_NAME), 'utf8');
  } catch {
    return '';
  }
}

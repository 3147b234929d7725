import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HydrotestError, messageOf } from '../errors.ts';
import { startGuardian } from './guard.ts';
import { type ListenerOrigin, readListenerOrigin, servesItself } from './listener-origin.ts';
import { type Endpoint, endpointOf, isPortOpen } from './open-port.ts';
import { readTail } from './output-tail.ts';
import { endGroup, isProcessAlive, readIdentity } from './process-group.ts';
import type { Target, TargetExit, TargetStop } from './target.ts';

export interface SpawnOptions {
  /** Shell command. */
  command: string;
  /** The whole environment of the target. */
  env: Record<string, string>;
  /** The target is ready when the host and port of this URL accept a connection. */
  readyUrl: string;
  /** The way to that host, where it is not dialled as it stands in the URL. */
  readyWay?: Omit<Endpoint, 'port'>;
  readyTimeoutMs: number;
  /** Folder in which it is started; without one: the current folder. */
  cwd?: string;
  /** Standard output and standard error are appended to this file. */
  outputFile: string;
  /**
   * Absolute path of a folder that is removed with the target if the harness dies. A living owner removes it itself; left empty, it
   * is removed with an orderly stop.
   */
  ownedFolder?: string;
  /** Made for the target, in `ownedFolder`. */
  workFolder?: string;
  /** Ends the start, not a target that has started: that is what `stop()` is for. */
  signal: AbortSignal;
}

const STOP_GRACE_MS = 3000;
const POLL_MS = 50;
/** One attempt to connect: on loopback it is answered or refused at once, unless the backlog is full. */
const CONNECT_MS = 1000;

/**
 * Starts a server in a process group of its own and waits until its port answers.
 * @throws HydrotestError `target-start` if its port is in use already, if it ends before it is ready, or if it is not
 * ready in time, with its last lines of output; `aborted` when the signal is. Nothing is left running then.
 */
export async function spawnTarget(options: SpawnOptions): Promise<Target> {
  throwIfAborted(options.signal);
  const endpoint = endpointOf(options.readyUrl);
  if (await isPortOpen({ ...endpoint, ...options.readyWay }, CONNECT_MS)) {
    throw new HydrotestError(
      'target-start',
      `port ${endpoint.port} on ${endpoint.host} is taken: something answers there before the target was started. Stop it, choose another port, or attach to it by its port`,
      { observed: { host: endpoint.host, port: endpoint.port } },
    );
  }
  throwIfAborted(options.signal);
  const target = launch(options);
  try {
    await waitUntilReady(target, endpoint, options);
    const listener = readListenerOrigin(endpoint.port, target.pid);
    if (listener?.kind === 'stranger') throw strangerOn(endpoint.port, listener, target, options);
    return { ...target, listener, listens: servesItself(listener, endpoint.port, target.pid) };
  } catch (cause) {
    await target.stop();
    throw cause;
  }
}

type Launched = Omit<Target, 'listener' | 'listens'>;

function launch(options: SpawnOptions): Launched {
  const { command, outputFile, ownedFolder = null } = options;
  const output = openOutput(outputFile);
  /** Where in the file the output of this target begins. */
  const outputStart = fstatSync(output).size;
  // Before the target: a harness that is killed between the two must not leave one alone.
  const guardian = startGuardian({ folder: ownedFolder });
  let child: ChildProcess & { pid: number };
  try {
    if (options.workFolder !== undefined) makeFolder(options.workFolder);
    child = startShell(options, output);
  } catch (cause) {
    void guardian.dismiss();
    throw cause;
  } finally {
    closeSync(output);
  }
  const { pid } = child;
  const startTicks = readIdentity(pid)?.startTicks ?? null;
  guardian.watch(pid, startTicks);
  const exited = new Promise<TargetExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });

  let stopping: Promise<TargetStop> | null = null;
  const stop = async (): Promise<TargetStop> => {
    try {
      const { forced } = await endGroup(pid, STOP_GRACE_MS, startTicks);
      if (ownedFolder !== null) removeIfEmpty(ownedFolder);
      return { ...(await exited), forced };
    } finally {
      await guardian.dismiss();
    }
  };
  return {
    kind: 'spawned',
    pid,
    command,
    exited,
    isAlive: () => child.exitCode === null && child.signalCode === null && isProcessAlive(pid, startTicks),
    lastOutput: () => readTail(outputFile, outputStart),
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

/**
 * `output`: the descriptor of a file, which itself is the child's output. Through a pipe, a harness that is busy with streams would make the
 * server wait for it on every line that it logs.
 */
function startShell({ command, env, cwd }: SpawnOptions, output: number): ChildProcess & { pid: number } {
  const child = spawn(command, {
    shell: true,
    detached: true,
    stdio: ['ignore', output, output],
    env,
    ...(cwd === undefined ? {} : { cwd }),
    windowsHide: true,
  });
  if (child.pid !== undefined) return child as ChildProcess & { pid: number };
  child.once('error', () => {});
  throw new HydrotestError(
    'target-start',
    `no shell could be started for "${command}": check PATH and memory`,
  );
}

function openOutput(file: string): number {
  try {
    // Nobody else's to read: a server logs tokens, which are taken out only when it has ended.
    return openSync(file, 'a', 0o600);
  } catch (cause) {
    throw new HydrotestError(
      'target-start',
      `the target's output cannot be written to ${file}: check the folder`,
      { cause },
    );
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const message = messageOf(cause);
    throw new HydrotestError(
      'target-start',
      `the folder for the target's files cannot be made: ${message}. Free space, or give another --out.`,
      { cause },
    );
  }
}

function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or gone: its owner's.
  }
}

async function waitUntilReady(target: Launched, endpoint: Endpoint, options: SpawnOptions): Promise<void> {
  const { command, readyTimeoutMs, signal } = options;
  const deadline = performance.now() + readyTimeoutMs;
  const place = `${endpoint.host}:${endpoint.port}`;
  for (;;) {
    const state = await Promise.race([
      isPortOpen({ ...endpoint, ...options.readyWay }, CONNECT_MS),
      target.exited,
    ]);
    throwIfAborted(signal);
    if (typeof state === 'object') throw endedEarly(target, state, command, place);
    if (state && target.isAlive()) return;
    if (performance.now() > deadline) {
      throw new HydrotestError(
        'target-start',
        `"${command}" runs but nothing answers on ${place} after ${readyTimeoutMs} ms: check that it listens on this host and port, or give it more time${quote(target.lastOutput())}`,
        { observed: { command, host: endpoint.host, port: endpoint.port, readyTimeoutMs } },
      );
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => throwIfAborted(signal));
  }
}

/** Between our look at the port and its use somebody else may have taken it; then a server that waits or tries again is not what answers. */
function strangerOn(
  port: number,
  { pid, name }: ListenerOrigin,
  target: Launched,
  { command }: SpawnOptions,
): HydrotestError {
  return new HydrotestError(
    'target-start',
    `port ${port} was taken by a stranger while the target was started: process ${pid} (${name}) listens there, which ran before "${command}" and does not belong to it. Stop it, or choose another port${quote(target.lastOutput())}`,
    { observed: { port, pid, command } },
  );
}

function endedEarly(target: Launched, exit: TargetExit, command: string, place: string): HydrotestError {
  const how = exit.signal === null ? `exit code ${exit.code}` : `signal ${exit.signal}`;
  return new HydrotestError(
    'target-start',
    `"${command}" ended with ${how} before ${place} answered: run the command by hand to see why${quote(target.lastOutput())}`,
    { observed: { command, code: exit.code, signal: exit.signal } },
  );
}

function quote(output: string): string {
  return output === '' ? ' (it printed nothing)' : `. Its last lines:\n${output}`;
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) {
    throw new HydrotestError('aborted', 'the start of the target was aborted', { cause: signal.reason });
  }
}

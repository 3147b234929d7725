import { dirname } from 'node:path';
import { HydrotestError } from './errors.ts';
import type { RunConfig } from './model.ts';
import { createProcessProbe } from './probes/process-probe.ts';
import { type HeapProbe, inspectorEnv, openHeapProbe } from './probes/v8-heap.ts';
import type { Session } from './session.ts';
import { attachByPid, attachByPort } from './targets/attach.ts';
import { findFreePort } from './targets/free-port.ts';
import { endpointOf } from './targets/open-port.ts';
import { spawnTarget } from './targets/spawn.ts';
import type { Target } from './targets/target.ts';
import { fill } from './template.ts';

export interface OpenedTarget {
  session: Session;
  /** The command with everything filled in, or null for a target that ran already. */
  command: string | null;
  /** Why there is no heap probe, where one was wanted; null: there is one, or none was wanted. */
  heapGap: string | null;
  /** Closes the probes, and stops a target that was started here. Idempotent. */
  close(): Promise<void>;
}

export interface OpenTargetOptions {
  config: RunConfig;
  /** Absolute folder for `{dir}`. */
  dataDir: string;
  /** Where a spawned target's output goes. */
  outputFile: string;
  signal: AbortSignal;
}

/**
 * Starts the target or attaches to it, and opens the best probes that it allows.
 *
 * @throws HydrotestError `target-start`, `aborted`.
 */
export async function openTarget(options: OpenTargetOptions): Promise<OpenedTarget> {
  const { config, signal } = options;
  const { target, port } = await startOrAttach(options);
  try {
    const probe = createProcessProbe(target.pid, { includeGroup: target.kind === 'spawned' });
    const heap = await openHeap(config, target, port, signal);
    const heapProbe = 'close' in heap ? heap : null;
    const leakProbe =
      heapProbe !== null ? 'heap' : (await probe.readCareful()).anonymousBytes === null ? 'rss' : 'anonymous';
    return {
      session: { target, port, probe, heap: heapProbe, leakProbe },
      command: target.kind === 'spawned' ? target.command : null,
      heapGap: 'reason' in heap ? heap.reason : null,
      async close() {
        await heapProbe?.close();
        await target.stop();
      },
    };
  } catch (error) {
    await target.stop();
    throw error;
  }
}

async function startOrAttach({
  config,
  dataDir,
  outputFile,
  signal,
}: OpenTargetOptions): Promise<{ target: Target; port: number }> {
  if (config.target.mode === 'attach')
    return { target: attachByPid(config.target.pid), port: portOf(config.url) };
  if (config.target.mode === 'attach-port') {
    return { target: attachByPort(config.target.port), port: config.target.port };
  }
  const { command, readyTimeoutMs } = config.target;
  const port = config.url.includes('{port}') ? await findFreePort() : portOf(config.url);
  const { NODE_OPTIONS } = process.env;
  const target = await spawnTarget({
    command: fill(command, {
      port,
      dir: dataDir,
      limit: config.limit,
      deadline: config.deadlineMs === null ? null : config.deadlineMs / 1000,
    }),
    env: {
      ...(process.env as Record<string, string>),
      PORT: String(port),
      ...(config.inspect ? inspectorEnv(NODE_OPTIONS) : {}),
    },
    readyUrl: fill(config.url, { port, key: 'ready' }),
    readyTimeoutMs,
    outputFile,
    // With the folder around it: the guardian leaves as little as an orderly end does.
    ownedFolder: dirname(dataDir),
    signal,
  });
  return { target, port };
}

type NoHeap = { reason: string } | { wanted: false };

async function openHeap(
  config: RunConfig,
  target: Target,
  port: number,
  signal: AbortSignal,
): Promise<HeapProbe | NoHeap> {
  if (!config.inspect) return { wanted: false };
  try {
    return await openHeapProbe({ rootPid: target.pid, port, mayOpen: target.kind === 'spawned', signal });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HydrotestError) return { reason: error.message };
    throw error;
  }
}

function portOf(url: string): number {
  return endpointOf(fill(url, { key: 'key' })).port;
}

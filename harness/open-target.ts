import { dirname } from 'node:path';
import type { RunConfig } from './model.ts';
import { inspectorEnv } from './probes/inspector-env.ts';
import { openTargetProbe } from './probes/open-target-probe.ts';
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
  /** Why there is no heap probe, or what is not in the heap; null: all of it is read, or none was wanted. */
  heapGap: string | null;
  /** Closes the probes, and stops a target that was started here. Idempotent. */
  close(): Promise<void>;
}

export interface OpenTargetOptions {
  config: RunConfig;
  /** Absolute folder for `{dir}`, made for a target that is started. */
  dataDir: string;
  /** Where a spawned target's output goes. */
  outputFile: string;
  signal: AbortSignal;
}

/**
 * Starts the target or attaches to it, and opens the best probes that it allows.
 *
 * @throws HydrotestError `target-start`, `target-lost`, `aborted`.
 */
export async function openTarget(options: OpenTargetOptions): Promise<OpenedTarget> {
  const { config, signal } = options;
  const { target, port } = await startOrAttach(options);
  try {
    const { probe, gap } = await openTargetProbe({
      rootPid: target.pid,
      port,
      includeGroup: target.kind === 'spawned',
      inspect: config.inspect,
      mayOpen: true,
      signal,
    });
    return {
      session: { target, port, probe },
      command: target.kind === 'spawned' ? target.command : null,
      heapGap: gap,
      async close() {
        await probe.close();
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
  const { command, readyTimeoutMs, cwd } = config.target;
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
      ...(config.inspect ? inspectorEnv(NODE_OPTIONS, command) : {}),
    },
    readyUrl: fill(config.url, { port, key: 'ready' }),
    readyTimeoutMs,
    ...(cwd === undefined ? {} : { cwd }),
    outputFile,
    // With the folder around it: the guardian leaves as little as an orderly end does.
    ownedFolder: dirname(dataDir),
    workFolder: dataDir,
    signal,
  });
  return { target, port };
}

function portOf(url: string): number {
  return endpointOf(fill(url, { key: 'key' })).port;
}

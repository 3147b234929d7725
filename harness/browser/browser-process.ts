import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HydrotestError } from '../errors.ts';
import { startGuardian } from '../targets/guard.ts';
import { endGroup, isGroupAlive, isStillGroup, readIdentity, signalGroup } from '../targets/process-group.ts';
import { until } from '../waiting.ts';

export interface BrowserProcess {
  readonly pid: number;
  /** Where it listens for the DevTools protocol, on loopback. */
  readonly endpoint: string;
  /** The last lines that it printed. */
  output(): string;
  /** Ends all of its processes by SIGKILL and removes its profile. Idempotent. */
  kill(): Promise<void>;
}

const START_MS = 30_000;
/** A browser's processes write to the profile until the last of them is gone. */
const REMOVE_RETRIES = 10;

/** A fresh profile without first-run pages, and nothing that talks to anybody but the page's server. */
const FLAGS = [
  '--headless',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--lang=en-US',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-sync',
  '--disable-breakpad',
  '--metrics-recording-only',
  '--mute-audio',
  '--password-store=basic',
  '--use-mock-keychain',
  // Containers give /dev/shm 64 MB, which ten tabs use up.
  '--disable-dev-shm-usage',
];

/**
 * Starts a Chromium in a process group of its own, under a guardian that ends it and removes its profile when the harness is
 * gone. @throws HydrotestError `internal` when it does not come up, with what it printed last.
 */
export async function startBrowserProcess(
  executable: string,
  env: Record<string, string>,
  signal: AbortSignal,
  onlyHost: string | null = null,
): Promise<BrowserProcess> {
  const profile = join(tmpdir(), `hydrotest-browser-${randomUUID()}`);
  // Before its profile and itself, so that there is no moment without it.
  const guardian = startGuardian({ folder: profile });
  const remove = () => rm(profile, { recursive: true, force: true, maxRetries: REMOVE_RETRIES });
  let child: ChildProcess;
  const logFile = join(profile, 'output.log');
  try {
    mkdirSync(profile, { mode: 0o700 });
    const output = openSync(logFile, 'a');
    // The sandbox refuses to run as root, which is what containers do.
    const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    // Nobody else's server gets requests of a test, nor the headers that are sent with all of them: other hosts have no address.
    // A proxy, of which the environment may tell, would resolve them (headless Chromium ignores --no-proxy-server); WebRTC goes to addresses directly.
    const hosts =
      onlyHost === null
        ? []
        : [
            `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${onlyHost}`,
            '--proxy-server=direct://',
            '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
          ];
    const flags = [...FLAGS, ...sandbox, ...hosts, `--user-data-dir=${profile}`];
    child = spawn(executable, [...flags, 'about:blank'], {
      detached: true,
      stdio: ['ignore', 'ignore', output],
      env: { ...process.env, ...env, LANG: 'en_US.UTF-8' },
    });
    closeSync(output);
  } catch (error) {
    await remove();
    await guardian.dismiss();
    throw error;
  }
  const gone = new Promise<void>((done) => {
    child.once('exit', () => done());
    child.once('error', () => done());
  });
  const { pid } = child;
  if (pid === undefined) {
    await gone;
    await remove();
    await guardian.dismiss();
    throw new HydrotestError('internal', `the browser ${executable} could not be started`);
  }
  const startTicks = readIdentity(pid)?.startTicks ?? null;
  guardian.watch(pid, startTicks);
  let killing: Promise<void> | null = null;
  const end = async () => {
    try {
      if (isStillGroup(pid, startTicks) && isGroupAlive(pid)) signalGroup(pid, 'SIGKILL');
      await endGroup(pid, 0, startTicks);
      await gone;
      await remove();
    } finally {
      await guardian.dismiss();
    }
  };
  const kill = () => {
    killing ??= end();
    return killing;
  };
  try {
    let endpoint: string | null = null;
    await until(
      () => {
        endpoint = readEndpoint(profile);
        return endpoint !== null || child.exitCode !== null || child.signalCode !== null;
      },
      START_MS,
      signal,
    );
    if (endpoint === null) {
      throw new HydrotestError(
        'internal',
        `the browser ${executable} did not come up: ${lastLines(logFile)}`,
      );
    }
    return { pid, endpoint, output: () => lastLines(logFile), kill };
  } catch (error) {
    await kill();
    throw error;
  }
}

/** Empty: it printed nothing, or its profile is gone. */
function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-5).join('\n');
  } catch {
    return '';
  }
}

/** Chromium writes the port and the path into this file once it listens. */
function readEndpoint(profile: string): string | null {
  try {
    const [port, path] = readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n');
    return port !== undefined && path !== undefined && path !== '' ? `ws://127.0.0.1:${port}${path}` : null;
  } catch {
    return null;
  }
}

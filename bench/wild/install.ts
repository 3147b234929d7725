import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ChildResult, runChild } from './child.ts';

/** What came with npm or pip did not work: no server of this side can be started. */
export class InstallError extends Error {
  override name = 'InstallError';
}

/**
 * Installs what the folder's `package.json` or `requirements.txt` asks for, and returns the command that starts its
 * server. Scripts of packages are not run.
 *
 * @throws InstallError when it fails; its message says whether the registry could not be reached.
 */
export async function install(folder: string, signal: AbortSignal): Promise<string> {
  if (existsSync(join(folder, 'package.json'))) {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts'];
    check('npm install', await runChild('npm', ['install', ...options], { cwd: folder, signal }), signal);
    return 'node server.mjs';
  }
  const venv = await runChild('python3', ['-m', 'venv', '.venv'], { cwd: folder, signal });
  check('python3 -m venv', venv, signal);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', 'requirements.txt'];
  check('pip install', await runChild('.venv/bin/python', pip, { cwd: folder, signal }), signal);
  return '.venv/bin/python server.py';
}

/** What npm and pip print where there is no way to the registry, as opposed to one that refuses. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|NewConnectionError|ConnectTimeoutError|NameResolutionError/;

const LAST_LINES = 8;

function check(what: string, { code, stdout, stderr }: ChildResult, signal: AbortSignal): void {
  if (code === 0) return;
  signal.throwIfAborted();
  const output = `${stdout}\n${stderr}`.trim();
  const last = output.split('\n').slice(-LAST_LINES).join('\n');
  const [found] = UNREACHABLE.exec(output) ?? [];
  const why =
    found === undefined
      ? `failed with exit code ${code}`
      : `could not reach the package registry (${found}): look at the network, the proxy and the registry setting`;
  throw new InstallError(`${what} ${why}.\n${last}`);
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));
const LOOK_MS = 50;

export interface ImportRun {
  seconds: number;
  /** The most that the process had in memory; NaN where the system does not tell. */
  peakRssBytes: number;
}

/** Imports a folder as its users do. Rejects unless it exits with 0. */
export async function runImport(dir: string): Promise<ImportRun> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [MAIN, 'import', '--dir', dir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  let peakRssBytes = Number.NaN;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      peakRssBytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) * 1024 || peakRssBytes;
    } catch {
      // It has ended, or this system has no /proc.
    }
  }, LOOK_MS);
  const [code] = await once(child, 'close');
  clearInterval(look);
  if (code !== 0) throw new Error(`the import ended with ${code}: ${said}`);
  return { seconds: (performance.now() - startedMs) / 1000, peakRssBytes };
}

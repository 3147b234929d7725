import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type Box, SERVER } from './cli.ts';

export interface ReferenceServer {
  readonly pid: number;
  readonly port: number;
  /** Asks it to stop; resolves with its exit code. */
  stop(): Promise<number | null>;
}

/** The reference server as its users start it; its first line of output says where it listens. */
export async function startReferenceServer(
  box: Box,
  { nodeArgs = [] }: { nodeArgs?: string[] } = {},
): Promise<ReferenceServer> {
  const child = box.spawn(process.execPath, [...nodeArgs, SERVER, '--port', '0', '--dir', box.folder]);
  if (child.pid === undefined || child.stdout === null) throw new Error('the server could not be started');
  const lines = createInterface(child.stdout);
  const [line] = await once(lines, 'line');
  const { url } = JSON.parse(line) as { url: string };
  const exited = once(child, 'exit');
  return {
    pid: child.pid,
    port: Number(new URL(url).port),
    async stop() {
      child.kill('SIGTERM');
      const [code] = await exited;
      return code;
    },
  };
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, isListening } from './free-port.ts';

const REPORTER = fileURLToPath(new URL('heap-reporter.ts', import.meta.url));
const READY_MS = 10_000;

/** After several collections, added up over the server and its children. */
export interface TruthReading {
  /** V8 heap and array buffers. */
  keptBytes: number;
  socketCount: number;
  fdCount: number;
}

export interface ServerProcess {
  port: number;
  read(): Promise<TruthReading>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Starts a server whose heap can be read from outside. `command` is for a shell, with `{port}` to be filled in. */
export async function startServer(command: string, env: Record<string, string> = {}): Promise<ServerProcess> {
  const reporters: { socket: Socket; next(): Promise<TruthReading> }[] = [];
  const hub = createServer((socket) => {
    socket.on('error', () => {});
    const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
    reporters.push({
      socket,
      async next() {
        const { value, done } = await lines.next();
        if (done) throw new Error('the server went away while it was read');
        return JSON.parse(value) as TruthReading;
      },
    });
  }).listen(0, '127.0.0.1');
  await once(hub, 'listening');
  const port = await freePort();
  const child = spawn(`exec ${command.replaceAll('{port}', String(port))}`, {
    shell: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...env,
      PORT: String(port),
      TRUTH_PORT: String((hub.address() as AddressInfo).port),
      NODE_OPTIONS: `--expose-gc --import=${REPORTER}`,
    },
  });
  const exited = once(child, 'exit');
  const close = async () => {
    child.kill();
    await exited;
    for (const { socket } of reporters) socket.destroy();
    hub.close();
  };

  const deadlineMs = performance.now() + READY_MS;
  while (!(await isListening(port)) || reporters.length === 0) {
    if (performance.now() > deadlineMs || child.exitCode !== null) {
      await close();
      throw new Error(`no server on port ${port}: ${command}`);
    }
    await sleep(20);
  }
  return {
    port,
    close,
    async read() {
      const readings = await Promise.all(
        reporters.map(({ socket, next }) => {
          socket.write('read\n');
          return next();
        }),
      );
      const sum = (count: (reading: TruthReading) => number) =>
        readings.reduce((total, reading) => total + count(reading), 0);
      return {
        keptBytes: sum(({ keptBytes }) => keptBytes),
        socketCount: sum(({ socketCount }) => socketCount),
        fdCount: sum(({ fdCount }) => fdCount),
      };
    },
  };
}

import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { type Box, boxTest, REPO, shown } from './support/cli.ts';
import { until } from './support/until.ts';

interface Told {
  /** How often each signal came. */
  caught: Record<string, number>;
  watched: string[];
  openCount: number;
}

interface CountingServer {
  pid: number;
  port: number;
  ask(): Promise<Told>;
  end(): Promise<void>;
}

async function startCountingServer(box: Box): Promise<CountingServer> {
  const child = box.spawn(process.execPath, [
    // Not the usual port: another test may have its inspector there.
    '--inspect-port=0',
    join(REPO, 'test/targets/counts-signals.mjs'),
  ]);
  if (child.pid === undefined || child.stdout === null) throw new Error('the server could not be started');
  const [line] = await once(createInterface(child.stdout), 'line');
  const port = Number(line);
  const exited = once(child, 'exit');
  return {
    pid: child.pid,
    port,
    ask: async () => (await fetch(`http://127.0.0.1:${port}/signals`)).json() as Promise<Told>,
    async end() {
      await fetch(`http://127.0.0.1:${port}/exit`).catch(() => {});
      await exited;
    },
  };
}

describe.concurrent('a server that hydrotest did not start gets no signal', () => {
  const orphans = (port: number) => ['--url', `http://127.0.0.1:${port}/events`, '--scenarios', 'orphans'];

  boxTest('in a whole run, by pid', async ({ box }) => {
    const server = await startCountingServer(box);
    const result = await box.run(['run', '--pid', String(server.pid), ...orphans(server.port)]);
    expect(result.code, shown(result)).toBe(0);
    const told = await server.ask();
    expect(told.watched).toEqual(
      expect.arrayContaining(['SIGUSR1', 'SIGUSR2', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGCONT']),
    );
    expect(told.caught).toEqual({});
    expect(JSON.stringify(result.report?.scenarios[0]?.gaps)).toContain('--open-inspector');
    await server.end();
  });

  boxTest('when it is asked for, exactly the one that opens an inspector', async ({ box }) => {
    const server = await startCountingServer(box);
    const target = ['--port', String(server.port), ...orphans(server.port), '--open-inspector'];
    const result = await box.run(['run', ...target]);
    expect(result.code, shown(result)).toBe(0);
    expect((await server.ask()).caught).toEqual({ SIGUSR1: 1 });
    await server.end();
  });

  for (const name of ['SIGINT', 'SIGKILL'] as const)
    boxTest(`when hydrotest itself gets ${name} in the middle`, async ({ box }) => {
      const server = await startCountingServer(box);
      const run = box.start(['run', '--port', String(server.port), ...orphans(server.port)]);
      await until('streams are open', async () => (await server.ask()).openCount > 3);
      run.signal(name);
      await run.ended;
      await until('only the server is left', () => box.processes().every(({ pid }) => pid === server.pid));
      await until('its streams are gone', async () => (await server.ask()).openCount === 0);
      expect((await server.ask()).caught).toEqual({});
      await server.end();
    });
});

/** Where a signal is sent, and to whom: each to a process that was started there, or that is asked for by an option. */
const SENDERS: Record<string, string> = {
  'harness/targets/process-group.ts': 'groups that were started here, whose start ticks are compared',
  'harness/targets/guard.ts': 'the guardian',
  'harness/load/crew.ts': 'workers',
  'harness/live/start.ts': 'the process of the live page',
  'harness/commands/serve.ts': 'the reference server',
  'harness/probes/node-heap.ts': 'SIGUSR1, to a target that may be signalled',
  'harness/probes/pidusage-probe.ts': 'signal 0, which is none',
};

test('nothing else in the program sends signals', () => {
  const senders = sourcesBelow('harness', 'scenarios', 'reports').filter((path) =>
    /process\.kill\((?!\))|child\.kill\(|\bkill\(-?\w*[pP]id|taskkill/.test(
      readFileSync(join(REPO, path), 'utf8'),
    ),
  );
  expect(senders.sort()).toEqual(Object.keys(SENDERS).sort());
});

test('whoever ends a group says which one it was', () => {
  const callers = sourcesBelow('harness').filter((path) =>
    /\bendGroup\((?!\s*groupId: number)/.test(readFileSync(join(REPO, path), 'utf8')),
  );
  for (const path of callers) {
    for (const [call] of readFileSync(join(REPO, path), 'utf8').matchAll(
      /(?<!function )\bendGroup\([^)]*\)/g,
    ))
      expect(call, path).toMatch(/startTicks\)$/);
  }
  expect(callers.length).toBeGreaterThan(2);
});

/** Files of the program, without tests and what only they use. */
function sourcesBelow(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(REPO, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => /\.ts$/.test(path) && !/\.test\.ts$|\/testing\//.test(path))
      .filter((path) => statSync(join(REPO, path)).isFile()),
  );
}

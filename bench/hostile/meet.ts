import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ClientName, clientNames, type Meeting, type Met, type ServersReady } from './messages.ts';

export interface Row extends Met {
  route: string;
  client: ClientName;
}

export interface MeetOptions {
  routes: string[];
  watchMs: number;
  /** Client processes at a time. */
  atOnce: number;
  onRow(row: Row): void;
}

/** Each route against each client, in a process of its own. Rejects when one of the processes dies. */
export async function meetAll({ routes, watchMs, atOnce, onRow }: MeetOptions): Promise<Row[]> {
  const { ready, stop } = await startServers();
  const left = routes.flatMap((route) => clientNames.map((client) => ({ route, client })));
  const rows: Row[] = [];
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { route, client } = next;
      const goodUrl = client === 'flood' ? ready.pageUrl : ready.streamUrl;
      const met = await meetOne({ client, goodUrl, url: ready.urls[route] ?? '', watchMs });
      const row = { route, client, ...met };
      rows.push(row);
      onRow(row);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, work));
  } finally {
    await stop();
  }
  const place = (row: Row) =>
    routes.indexOf(row.route) * clientNames.length + clientNames.indexOf(row.client);
  return rows.sort((a, b) => place(a) - place(b));
}

/** All bad peers, in a process of their own. */
export async function startServers(): Promise<{ ready: ServersReady; stop(): Promise<void> }> {
  const child = start('servers.ts');
  const ended = once(child, 'exit');
  const ready = await answerOf<ServersReady>(child, 'the servers');
  return {
    ready,
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

async function meetOne(meeting: Meeting): Promise<Met> {
  const child = start('client.ts');
  const ended = once(child, 'exit');
  child.send(meeting);
  const met = await answerOf<Met>(child, `the client ${meeting.client} at ${meeting.url}`);
  await ended;
  return met;
}

function start(file: string): ChildProcess {
  return fork(fileURLToPath(new URL(file, import.meta.url)), { execArgv: ['--expose-gc'] });
}

async function answerOf<T>(child: ChildProcess, who: string): Promise<T> {
  const died = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`${who}: the process ended by itself (${signal ?? code})`);
  });
  // Whoever loses the race may reject later.
  died.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), died]);
  return message as T;
}

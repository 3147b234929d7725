import { afterEach, expect, it } from 'vitest';
import { numbered } from './event-log/testing/log-folder.ts';
import { openDatabase } from './event-store/sqlite/database.ts';
import { LogImporter } from './event-store/sqlite/log-importer.ts';
import { startServer, type TestServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

let server: TestServer;
afterEach(() => server.close());

/** As `import` does it in a process of its own. */
async function importLog(workflowId: string): Promise<void> {
  const database = openDatabase({ path: `${server.dir}/events.db`, isDurable: false });
  const path = `${server.dir}/${workflowId}/events.jsonl`;
  await new LogImporter(database).import({ workflowId, path, root: server.dir });
  database.close();
}

it('a server with --store sqlite lists and streams what is in its database', async () => {
  server = await startServer({ store: 'sqlite', recentEvents: 2 });
  server.append('flow', numbered(1, 3));
  server.append('not-imported', numbered(1, 3));
  await importLog('flow');
  const response = await fetch(`${server.url}/api/workflows`, { headers: { connection: 'close' } });
  expect(await response.json()).toMatchObject({ workflows: [{ workflowId: 'flow' }], truncated: false });

  const stream = server.stream('flow');
  await stream.received('"n":3');
  expect(stream.text).not.toContain('"n":1');
  server.append('flow', numbered(4, 4));
  await importLog('flow');
  await stream.received('"n":4');
  const resumed = server.stream('flow', { 'Last-Event-ID': '16' });
  await resumed.received('"n":4');
  expect(resumed.text).not.toContain('"n":2');
  stream.socket.destroy();
  resumed.socket.destroy();
  await until('no tail is open', async () => (await server.health()).openTails === 0);
});

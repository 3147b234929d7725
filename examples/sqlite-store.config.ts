/** The reference server over its SQLite store, which takes its events by POST: `npm run soak -- --config examples/sqlite-store.config.ts` */
import { defineConfig } from '../harness/index.ts';

export default defineConfig({
  command:
    'node server/main.ts --store sqlite --port {port} --dir {dir} --limit {limit} --max-duration {deadline}',
  url: 'http://127.0.0.1:{port}/api/events/{key}/stream',
  eventsUrl: 'http://127.0.0.1:{port}/api/events/{key}',
  page: 'http://127.0.0.1:{port}/?workflow={key}',
  rows: '[data-row]',
  key: 'workflow-{uuid}',
  limit: 5,
  deadline: '1h',
});

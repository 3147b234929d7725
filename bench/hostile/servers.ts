/** A process with all bad peers, each at a port of its own, and with good ones to warm up on. Ends when its parent does. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostileRoutes } from '../../harness/testing/hostile-server/routes.ts';
import { startHostileServer } from '../../harness/testing/hostile-server/server.ts';
import type { ServersReady } from './messages.ts';

const good = createServer((request, response) => {
  if (request.url === '/page') {
    response.end('a page');
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  let id = 0;
  const timer = setInterval(() => {
    for (let left = 100; left > 0; left -= 1) {
      id += 1;
      response.write(`id: ${id}\ndata: {"seq":${id},"text":"${'x'.repeat(100)}"}\n\n`);
    }
  }, 5);
  response.on('close', () => clearInterval(timer));
});
good.listen(0, '127.0.0.1');
await once(good, 'listening');
const { port } = good.address() as AddressInfo;

const urls: Record<string, string> = {};
for (const [name, route] of Object.entries(hostileRoutes)) urls[name] = (await startHostileServer(route)).url;
process.on('disconnect', () => process.exit());
process.send?.({
  streamUrl: `http://127.0.0.1:${port}/events`,
  pageUrl: `http://127.0.0.1:${port}/page`,
  urls,
} satisfies ServersReady);

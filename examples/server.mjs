/**
 * A streaming server as many are: one process, every client in a set, a beat a second. With KEEP=1 it has the bug that most
 * of them had once: a client that leaves stays in the set.
 */
import { createServer } from 'node:http';

const clients = new Set();
let beats = 0;

setInterval(() => {
  beats += 1;
  for (const response of clients) response.write(`data: {"beats":${beats}}\n\n`);
}, 1000);

createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write(`data: {"beats":${beats}}\n\n`);
  clients.add(response);
  if (process.env.KEEP !== '1') request.on('close', () => clients.delete(response));
}).listen(Number(process.env.PORT), '127.0.0.1');

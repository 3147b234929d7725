/** Ten times a second the server writes down how its clients are, 2 KB each time, and keeps the last 5 s of it. */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const CAPACITY = 50;
const clients = new Set<WebSocket>();
const log: number[][] = [];

setInterval(() => {
  log.push(new Array(254).fill(clients.size + process.uptime()));
  if (log.length > CAPACITY) log.shift();
}, 100);

serveWebSockets((webSocket) => {
  greet(webSocket);
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
});

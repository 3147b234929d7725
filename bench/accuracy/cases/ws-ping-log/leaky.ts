/** Ten times a second the server writes down how its clients are, 2 KB each time, and keeps all of it, whether anyone is there or not. */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const clients = new Set<WebSocket>();
const log: number[][] = [];

setInterval(() => log.push(new Array(254).fill(clients.size + process.uptime())), 100);

serveWebSockets((webSocket) => {
  greet(webSocket);
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
});

/** The session is looked up for 30 ms. Who has left in that time does not join. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const clients = new Set<WebSocket>();

serveWebSockets(async (webSocket) => {
  await sleep(30);
  if (webSocket.readyState !== webSocket.OPEN) return;
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
  greet(webSocket);
});

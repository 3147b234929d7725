/** The session is looked up for 30 ms before anyone listens for `close`. Who leaves in that time is never missed. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const clients = new Set<WebSocket>();

serveWebSockets(async (webSocket) => {
  await sleep(30);
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
  greet(webSocket);
});

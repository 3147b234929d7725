/**
 * Who has not answered the last ping is terminated, and whether they have stands in a map. Nobody takes them out of it: each sweep
 * terminates again what has long been closed.
 */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const isAlive = new Map<WebSocket, boolean>();

setInterval(() => {
  for (const [webSocket, alive] of isAlive) {
    if (!alive) webSocket.terminate();
    isAlive.set(webSocket, false);
    webSocket.ping();
  }
}, 10_000);

serveWebSockets((webSocket) => {
  greet(webSocket);
  isAlive.set(webSocket, true);
  webSocket.on('pong', () => isAlive.set(webSocket, true));
});

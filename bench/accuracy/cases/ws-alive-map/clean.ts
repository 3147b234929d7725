/** Who has not answered the last ping is terminated. Whether they have stands in a map, until they close. */
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
  webSocket.once('close', () => isAlive.delete(webSocket));
});

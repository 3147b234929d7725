/** Five WebSockets a key; everyone is let in, and whoever is too many is told so by close code 4429, and waits in a list that nobody works off. */
import type { WebSocket } from 'ws';
import { keyOf } from '../serve.ts';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const LIMIT = 5;
const open = new Map<string, Set<WebSocket>>();
const waiting: WebSocket[] = [];

serveWebSockets((webSocket, request) => {
  const key = keyOf(request);
  const room = open.get(key) ?? new Set();
  if (room.size >= LIMIT) {
    waiting.push(webSocket);
    webSocket.close(4429, 'too many streams');
    return;
  }
  open.set(key, room.add(webSocket));
  webSocket.once('close', () => {
    room.delete(webSocket);
    if (room.size === 0) open.delete(key);
  });
  greet(webSocket);
});

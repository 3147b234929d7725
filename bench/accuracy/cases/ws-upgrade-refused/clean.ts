/** Five WebSockets a key; who is turned away with a 429, before the upgrade, is counted. */
import type { WebSocket } from 'ws';
import { keyOf } from '../serve.ts';
import { greet, serveUpgrades } from '../serve-web-socket.ts';

const LIMIT = 5;
const open = new Map<string, Set<WebSocket>>();
let refusedCount = 0;

serveUpgrades((request, socket, accept) => {
  const key = keyOf(request);
  const room = open.get(key) ?? new Set<WebSocket>();
  if (room.size >= LIMIT) {
    refusedCount += 1;
    socket.end(
      `HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n\r\n${refusedCount}`,
    );
    return;
  }
  const webSocket = accept();
  if (webSocket === null) return;
  open.set(key, room.add(webSocket));
  webSocket.once('close', () => {
    room.delete(webSocket);
    if (room.size === 0) open.delete(key);
  });
  greet(webSocket);
});

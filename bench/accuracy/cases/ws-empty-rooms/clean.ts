/** A room for each key. It goes with the last who is in it. */
import type { WebSocket } from 'ws';
import { keyOf } from '../serve.ts';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const rooms = new Map<string, Set<WebSocket>>();

serveWebSockets((webSocket, request) => {
  greet(webSocket);
  const key = keyOf(request);
  const room = rooms.get(key) ?? new Set();
  rooms.set(key, room.add(webSocket));
  webSocket.once('close', () => {
    room.delete(webSocket);
    if (room.size === 0) rooms.delete(key);
  });
});

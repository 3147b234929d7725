/** Each WebSocket joins the set of clients, and leaves it when it closes. */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const clients = new Set<WebSocket>();

serveWebSockets((webSocket) => {
  greet(webSocket);
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
});

/** Who comes back gets a session with what may have to be sent again. It is kept for a second after the WebSocket has closed. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { serveWebSockets } from '../serve-web-socket.ts';

const KEPT_MS = 1000;
const buffers = new Map<string, number[]>();
let lastId = 0;

serveWebSockets((webSocket, request) => {
  webSocket.send(JSON.stringify({ id: ++lastId }));
  if (!isBack(request)) return;
  const session = randomUUID();
  buffers.set(session, new Array(60).fill(lastId));
  webSocket.on('message', () => buffers.delete(session));
  webSocket.once('close', () => setTimeout(() => buffers.delete(session), KEPT_MS));
});

function isBack({ url }: IncomingMessage): boolean {
  return /[?&]after=[^&]/.test(url ?? '');
}

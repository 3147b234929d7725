/**
 * Who comes back gets a session with what may have to be sent again, under an id of its own. It is thrown away when the client says
 * that it has everything, which one that is gone does not do.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { serveWebSockets } from '../serve-web-socket.ts';

const buffers = new Map<string, number[]>();
let lastId = 0;

serveWebSockets((webSocket, request) => {
  webSocket.send(JSON.stringify({ id: ++lastId }));
  if (!isBack(request)) return;
  const session = randomUUID();
  buffers.set(session, new Array(60).fill(lastId));
  webSocket.on('message', () => buffers.delete(session));
});

function isBack({ url }: IncomingMessage): boolean {
  return /[?&]after=[^&]/.test(url ?? '');
}

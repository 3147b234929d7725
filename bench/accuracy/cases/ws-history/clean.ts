/** Every message is broadcast, 1,000 a second, and the last 1,000 are kept for those who may ask for them again. */
import type { WebSocket } from 'ws';
import { thousandTimesASecond } from '../serve.ts';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const CAPACITY = 1000;
const clients = new Set<WebSocket>();
const history: { id: number; text: string }[] = [];
let lastId = 0;

thousandTimesASecond(() => {
  if (clients.size === 0) return;
  const id = ++lastId;
  const text = JSON.stringify({ id, at: new Date() });
  history[id % CAPACITY] = { id, text };
  for (const client of clients) {
    // Whoever does not read misses messages: their queue would be a leak of another kind.
    if (client.bufferedAmount === 0) client.send(text);
  }
});

serveWebSockets((webSocket) => {
  greet(webSocket);
  clients.add(webSocket);
  webSocket.once('close', () => clients.delete(webSocket));
});

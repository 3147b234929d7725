/** Every event is broadcast, 1,000 a second, and the last 1,000 are kept for those who may ask for them again. */
import type { ServerResponse } from 'node:http';
import { greet, serve, thousandTimesASecond } from '../serve.ts';

const CAPACITY = 1000;
const clients = new Set<ServerResponse>();
const history: { id: number; text: string }[] = [];
let lastId = 0;

thousandTimesASecond(() => {
  if (clients.size === 0) return;
  const id = ++lastId;
  const text = JSON.stringify({ id, at: new Date() });
  history[id % CAPACITY] = { id, text };
  for (const client of clients) {
    // Whoever does not read misses events: their queue would be a leak of another kind.
    if (!client.writableNeedDrain) client.write(`id: ${id}\ndata: ${text}\n\n`);
  }
});

serve((_request, response) => {
  greet(response);
  clients.add(response);
  response.once('close', () => clients.delete(response));
});

/** Five streams a key; whoever is turned away is noted down, and the notes are never read. */
import { greet, keyOf, serve } from '../serve.ts';

const LIMIT = 5;
const open = new Map<string, number>();
const rejected: { at: number; openCount: number; wait: { seconds: number } }[] = [];

serve((request, response) => {
  const key = keyOf(request);
  const count = open.get(key) ?? 0;
  if (count >= LIMIT) {
    rejected.push({ at: Date.now(), openCount: count, wait: { seconds: 1 } });
    response.writeHead(429, { 'retry-after': '1' }).end();
    return;
  }
  open.set(key, count + 1);
  response.once('close', () => leave(key));
  greet(response);
});

function leave(key: string): void {
  const count = (open.get(key) ?? 1) - 1;
  if (count === 0) open.delete(key);
  else open.set(key, count);
}

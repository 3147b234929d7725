/** Entries live 10 s and are swept then: growth while clients come, none when they stay away. */
import { greet, serve } from '../serve.ts';

const LIFE_MS = 10_000;
const cache = new Map<number, { expiresAt: number; values: number[] }>();
let visits = 0;

setInterval(() => {
  for (const [id, { expiresAt }] of cache) {
    if (expiresAt > Date.now()) break;
    cache.delete(id);
  }
}, 500);

serve((_request, response) => {
  greet(response);
  cache.set(++visits, { expiresAt: Date.now() + LIFE_MS, values: new Array(60).fill(visits) });
});

/** The last 20,000 visits, each some 500 bytes: 10 MB in the end, and not yet full after 10,000 connections. */
import { greet, serve } from '../serve.ts';

const CAPACITY = 20_000;
const cache = new Map<number, number[]>();
let visits = 0;

serve((_request, response) => {
  greet(response);
  cache.set(++visits, new Array(60).fill(visits));
  for (const oldest of cache.keys()) {
    if (cache.size <= CAPACITY) break;
    cache.delete(oldest);
  }
});

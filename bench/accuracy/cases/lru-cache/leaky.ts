/** A cache without a limit: each visit gets a new entry of some 500 bytes. */
import { greet, serve } from '../serve.ts';

const cache = new Map<number, number[]>();
let visits = 0;

serve((_request, response) => {
  greet(response);
  cache.set(++visits, new Array(60).fill(visits));
});

/** Nine numbers of each visit in one typed array, which doubles when it is full: no slope, but steps ever further apart. */
import { greet, serve } from '../serve.ts';

const NUMBERS_PER_VISIT = 9;
let store = new Float64Array(1024 * NUMBERS_PER_VISIT);
let visits = 0;

serve((_request, response) => {
  greet(response);
  const at = visits++ * NUMBERS_PER_VISIT;
  if (at === store.length) {
    const larger = new Float64Array(store.length * 2);
    larger.set(store);
    store = larger;
  }
  store.fill(visits, at, at + NUMBERS_PER_VISIT);
});

/** Nine numbers of each visit in one typed array, which begins again when it is full. */
import { greet, serve } from '../serve.ts';

const NUMBERS_PER_VISIT = 9;
const store = new Float64Array(1024 * NUMBERS_PER_VISIT);
let visits = 0;

serve((_request, response) => {
  greet(response);
  const at = (visits++ * NUMBERS_PER_VISIT) % store.length;
  store.fill(visits, at, at + NUMBERS_PER_VISIT);
});

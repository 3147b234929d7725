/** One small record of the last visit. */
import { greet, serve } from '../serve.ts';

let last = { n: 0, openedAt: 0, sinceStartMs: 0 };

serve((_request, response) => {
  greet(response);
  last = { n: last.n + 1, openedAt: Date.now(), sinceStartMs: performance.now() };
});

/** One small record a visit, about 100 bytes: the kind of leak that takes months to be seen. */
import { greet, serve } from '../serve.ts';

const visits: { n: number; openedAt: number; sinceStartMs: number }[] = [];

serve((_request, response) => {
  greet(response);
  visits.push({ n: visits.length, openedAt: Date.now(), sinceStartMs: performance.now() });
});

/** Streams are counted by key. A key whose last stream has gone keeps its entry, with a count of zero. */
import { greet, keyOf, serve } from '../serve.ts';

const streamCounts = new Map<string, number>();

serve((request, response) => {
  greet(response);
  const key = keyOf(request);
  streamCounts.set(key, (streamCounts.get(key) ?? 0) + 1);
  response.once('close', () => streamCounts.set(key, (streamCounts.get(key) ?? 1) - 1));
});

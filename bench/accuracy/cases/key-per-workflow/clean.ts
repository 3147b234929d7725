/** Streams are counted by key, and a key goes with its last stream. */
import { greet, keyOf, serve } from '../serve.ts';

const streamCounts = new Map<string, number>();

serve((request, response) => {
  greet(response);
  const key = keyOf(request);
  streamCounts.set(key, (streamCounts.get(key) ?? 0) + 1);
  response.once('close', () => {
    const count = (streamCounts.get(key) ?? 1) - 1;
    if (count === 0) streamCounts.delete(key);
    else streamCounts.set(key, count);
  });
});

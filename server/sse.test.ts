import { createParser } from 'eventsource-parser';
import { expect, test } from 'vitest';
import { sse } from './sse.ts';

test('what the server writes is what a parser of the standard reads', () => {
  const seen: unknown[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => seen.push({ event, id, data }),
    onRetry: (retryMs) => seen.push({ retryMs }),
    onComment: (text) => seen.push({ text }),
  });
  parser.feed(sse.retry(3000) + sse.comment('heartbeat') + sse.reset() + sse.close('server_shutdown'));
  expect(seen).toEqual([
    { retryMs: 3000 },
    { text: 'heartbeat' },
    { event: 'reset', id: '0', data: '{}' },
    { event: 'close', id: undefined, data: '{"reason":"server_shutdown"}' },
  ]);
});

/**
 * A web stream is piped into the response by hand. When the client leaves, nobody calls `cancel`, so the source is never
 * told, and the loop waits for ever for an event that only this client would have got.
 */
import { serve } from '../serve.ts';

const subscribers = new Set<ReadableStreamDefaultController<string>>();

serve(async (_request, response) => {
  const reader = subscribe().getReader();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  for (;;) {
    const { value, done } = await reader.read();
    if (done || response.destroyed) return;
    response.write(value);
  }
});

function subscribe(): ReadableStream<string> {
  let subscriber: ReadableStreamDefaultController<string>;
  return new ReadableStream({
    start(controller) {
      subscriber = controller;
      subscribers.add(subscriber);
      controller.enqueue('data: hello\n\n');
    },
    cancel() {
      subscribers.delete(subscriber);
    },
  });
}

/** A web stream is piped into the response by hand, and cancelled when the client leaves. */
import { serve } from '../serve.ts';

const subscribers = new Set<ReadableStreamDefaultController<string>>();

serve(async (_request, response) => {
  const reader = subscribe().getReader();
  response.once('close', () => void reader.cancel());
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

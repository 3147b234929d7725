/** A client that does not read makes `write` return false. Its events wait in a queue of its own, which has no end. */
import type { ServerResponse } from 'node:http';
import { greet, serve, thousandTimesASecond } from '../serve.ts';

const queues = new Map<ServerResponse, string[]>();
let eventCount = 0;

thousandTimesASecond(() => {
  if (queues.size > 0) eventCount++;
  for (const response of queues.keys()) send(response, eventOf(eventCount));
});

serve((_request, response) => {
  greet(response);
  queues.set(response, []);
  response.on('drain', () => flush(response));
  response.once('close', () => queues.delete(response));
});

function send(response: ServerResponse, event: string): void {
  queues.get(response)?.push(event);
  if (!response.writableNeedDrain) flush(response);
}

function flush(response: ServerResponse): void {
  const waiting = queues.get(response) ?? [];
  const sent = waiting.findIndex((event) => !response.write(event));
  waiting.splice(0, sent === -1 ? waiting.length : sent + 1);
}

function eventOf(n: number): string {
  return `data: ${JSON.stringify({ n, values: new Array(1000).fill(n % 10) })}\n\n`;
}

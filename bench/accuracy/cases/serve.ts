/** What all cases share, and none of their defects. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** Listens on 127.0.0.1 at PORT. Every request is for a stream: `GET /events/{key}`. */
export function serve(handle: (request: IncomingMessage, response: ServerResponse) => unknown): void {
  createServer(handle).listen(Number(process.env.PORT), '127.0.0.1');
}

/** Begins an event stream, with its first event at once. */
export function greet(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('data: hello\n\n');
}

export function keyOf(request: IncomingMessage): string {
  return request.url?.split('/').at(-1) ?? '';
}

/** Calls `emit` 1,000 times a second, in small bursts: timers are not that exact. */
export function thousandTimesASecond(emit: () => void): void {
  setInterval(() => {
    for (let n = 0; n < 10; n++) emit();
  }, 10);
}

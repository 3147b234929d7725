/** While `bufferedAmount` is high the messages of a client wait in a queue of its own, which has no end. */
import type { WebSocket } from 'ws';
import { thousandTimesASecond } from '../serve.ts';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const HIGH_BYTES = 64 * 1024;
const queues = new Map<WebSocket, string[]>();
let eventCount = 0;

thousandTimesASecond(() => {
  if (queues.size > 0) eventCount++;
  for (const [webSocket, queue] of queues) {
    queue.push(eventOf(eventCount));
    while (queue.length > 0 && webSocket.bufferedAmount < HIGH_BYTES) webSocket.send(queue.shift() ?? '');
  }
});

serveWebSockets((webSocket) => {
  greet(webSocket);
  queues.set(webSocket, []);
  webSocket.once('close', () => queues.delete(webSocket));
});

function eventOf(n: number): string {
  return JSON.stringify({ n, values: new Array(1000).fill(n % 10) });
}

/** `node:http` with an agent that opens a connection for each request; the bodies are read and thrown away. */
import { Agent, get, type IncomingMessage } from 'node:http';
import { runClient } from './client.ts';

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
let [refusalCount, closeCount] = [0, 0];

await runClient({
  open: (url) =>
    new Promise((resolve) => {
      const request = get(url, { agent, headers: { accept: 'text/event-stream' } }, (response) => {
        if (response.statusCode === 429) refusalCount += 1;
        else response.on('end', onEnd);
        response.resume();
        resolve();
      });
      request.on('error', () => resolve());
    }),
  report: async () => ({ eventCount: null, refusalCount, closeCount, gapCount: null }),
});

function onEnd(this: IncomingMessage): void {
  closeCount += 1;
}

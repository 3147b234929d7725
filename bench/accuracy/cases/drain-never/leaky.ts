/**
 * The replay waits for `drain` while the client is slow. One that is cut off meanwhile never drains: the loop below waits
 * for ever, and its `finally` is never reached.
 */
import type { ServerResponse } from 'node:http';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();
const chunk = `data: ${'x'.repeat(64 * 1024)}\n\n`;

serve(async (_request, response) => {
  clients.add(response);
  greet(response);
  try {
    while (!response.destroyed) {
      if (!response.write(chunk)) await new Promise((drained) => response.once('drain', drained));
    }
  } finally {
    clients.delete(response);
  }
});

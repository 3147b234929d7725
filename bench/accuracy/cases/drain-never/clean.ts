/** The replay waits for `drain` or `close`, whichever comes first. */
import type { ServerResponse } from 'node:http';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();
const chunk = `data: ${'x'.repeat(64 * 1024)}\n\n`;

serve(async (_request, response) => {
  clients.add(response);
  greet(response);
  try {
    while (!response.destroyed) {
      if (!response.write(chunk)) await drainOrClose(response);
    }
  } finally {
    clients.delete(response);
  }
});

function drainOrClose(response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const finish = () => {
      response.off('drain', finish).off('close', finish);
      done();
    };
    response.once('drain', finish).once('close', finish);
  });
}

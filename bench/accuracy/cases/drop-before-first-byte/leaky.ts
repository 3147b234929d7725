/** The session is looked up for 30 ms before anyone listens for `close`. Who leaves in that time is never missed. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();

serve(async (_request, response) => {
  await sleep(30);
  clients.add(response);
  response.once('close', () => clients.delete(response));
  greet(response);
});

/** The session is looked up for 30 ms, and then the server looks whether the client is still there. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();

serve(async (_request, response) => {
  await sleep(30);
  if (response.destroyed) return;
  clients.add(response);
  response.once('close', () => clients.delete(response));
  greet(response);
});

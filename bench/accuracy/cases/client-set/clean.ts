/** Each response joins the set of clients, and leaves it when it closes. */
import type { ServerResponse } from 'node:http';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();

serve((_request, response) => {
  greet(response);
  clients.add(response);
  response.once('close', () => clients.delete(response));
});

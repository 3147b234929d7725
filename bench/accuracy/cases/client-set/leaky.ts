/** The classic: each response joins the set of clients, and none leaves it. */
import type { ServerResponse } from 'node:http';
import { greet, serve } from '../serve.ts';

const clients = new Set<ServerResponse>();

serve((_request, response) => {
  greet(response);
  clients.add(response);
});

/** Notes about each response in a Map, which holds the response, and with it the request and the socket. */
import type { ServerResponse } from 'node:http';
import { greet, keyOf, serve } from '../serve.ts';

const notes = new Map<ServerResponse, { key: string; openedAt: number }>();

serve((request, response) => {
  greet(response);
  notes.set(response, { key: keyOf(request), openedAt: Date.now() });
});

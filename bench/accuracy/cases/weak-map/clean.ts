/** Notes about each response in a WeakMap: they go when the response is collected, and no one has to say so. */
import type { ServerResponse } from 'node:http';
import { greet, keyOf, serve } from '../serve.ts';

const notes = new WeakMap<ServerResponse, { key: string; openedAt: number }>();

serve((request, response) => {
  greet(response);
  notes.set(response, { key: keyOf(request), openedAt: Date.now() });
});

/**
 * The request's body is read first, as middleware does. A request emits `close` when it has been read to its end (since
 * Node 16), not when its socket closes: the listener below comes too late and is never called.
 */
import { text } from 'node:stream/consumers';
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, number[]>();
let lastSession = 0;

serve(async (request, response) => {
  await text(request);
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  request.once('close', () => sessions.delete(session));
});

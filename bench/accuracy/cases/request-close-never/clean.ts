/** The body is read first; cleanup waits for the `close` of the response, which comes when its connection is gone. */
import { text } from 'node:stream/consumers';
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, number[]>();
let lastSession = 0;

serve(async (request, response) => {
  await text(request);
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  response.once('close', () => sessions.delete(session));
});

/** Cleaned up on the socket's `close`, which comes after an `end` and after an error. */
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, number[]>();
let lastSession = 0;

serve((request, response) => {
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  request.socket.once('close', () => sessions.delete(session));
});

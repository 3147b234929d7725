/**
 * Cleaned up on the socket's `end`, which a client sends that closes the page. One that crashes resets the connection:
 * the socket has an `error` (ECONNRESET) and a `close`, never an `end`.
 */
import { greet, serve } from '../serve.ts';

const sessions = new Map<number, number[]>();
let lastSession = 0;

serve((request, response) => {
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  request.socket.once('end', () => sessions.delete(session));
});

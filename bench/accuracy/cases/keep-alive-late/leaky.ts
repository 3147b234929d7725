/** A client that comes back finds its session. One that does not come back leaves it behind for ever. */
import { greet, keyOf, serve } from '../serve.ts';

const sessions = new Map<number, number[]>();
let lastSession = 0;

serve((request, response) => {
  greet(response);
  sessions.delete(Number(keyOf(request)));
  const session = ++lastSession;
  response.once('close', () => sessions.set(session, new Array(60).fill(0)));
});

/** A client that comes back within 5 s finds its session: what it costs is held that much longer than the stream. */
import { greet, serve } from '../serve.ts';

const GRACE_MS = 5000;
const sessions = new Map<number, number[]>();
let lastSession = 0;

serve((_request, response) => {
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  response.once('close', () => setTimeout(() => sessions.delete(session), GRACE_MS));
});

/** Cleaned up when the client goes away (`aborted`). A stream that the server itself ends, at its deadline, is not. */
import { greet, serve } from '../serve.ts';

const deadlineMs = Number(process.argv[2]) * 1000;
const sessions = new Map<number, number[]>();
let lastSession = 0;

serve((request, response) => {
  greet(response);
  const session = ++lastSession;
  sessions.set(session, new Array(60).fill(0));
  const deadline = setTimeout(() => {
    response.end('event: close\ndata: {"reason":"max_duration_exceeded"}\n\n');
  }, deadlineMs);
  request.once('aborted', () => {
    clearTimeout(deadline);
    sessions.delete(session);
  });
});

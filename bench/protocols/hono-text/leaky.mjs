/** The story waits for its end, its interval does not. */
import { serve } from './server.mjs';

serve((stream) => {
  setInterval(() => stream.write('and then '), 200);
  return new Promise((leave) => stream.onAbort(leave));
});

/** A heartbeat a stream that nobody stops: the timer holds the response, and writes to it for ever. */
import { greet, serve } from '../serve.ts';

serve((_request, response) => {
  greet(response);
  setInterval(() => response.write(': still here\n\n'), 30_000);
});

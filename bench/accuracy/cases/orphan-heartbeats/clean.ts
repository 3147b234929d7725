/** A heartbeat a stream, which stops with it. */
import { greet, serve } from '../serve.ts';

serve((_request, response) => {
  greet(response);
  const heartbeat = setInterval(() => response.write(': still here\n\n'), 30_000);
  response.once('close', () => clearInterval(heartbeat));
});

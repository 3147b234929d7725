/** Lets the first 2,000 connections in; from then on nine of ten requests get a 503. What was not let in cannot leak. */
import { greet, serve } from '../cases/serve.ts';

const WELCOME = 2000;
let requestCount = 0;

serve((_request, response) => {
  if (++requestCount <= WELCOME || requestCount % 10 === 0) greet(response);
  else response.writeHead(503).end();
});

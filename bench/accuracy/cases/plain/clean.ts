/** Nothing but streams: what a server costs that keeps nothing. */
import { greet, serve } from '../serve.ts';

serve((_request, response) => greet(response));

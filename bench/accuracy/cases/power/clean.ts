/** The same server without the list. */
import { greet, serve } from '../serve.ts';

serve((_request, response) => greet(response));

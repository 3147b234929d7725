/** Each stream opens the file that it would replay, and closes it when it ends. */
import { closeSync, openSync } from 'node:fs';
import { greet, serve } from '../serve.ts';

serve((_request, response) => {
  const file = openSync(import.meta.filename, 'r');
  response.once('close', () => closeSync(file));
  greet(response);
});

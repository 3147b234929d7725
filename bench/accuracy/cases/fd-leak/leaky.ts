/** Each stream opens the file that it would replay, and no one closes it: memory stays flat, descriptors run out. */
import { openSync } from 'node:fs';
import { greet, serve } from '../serve.ts';

serve((_request, response) => {
  openSync(import.meta.filename, 'r');
  greet(response);
});

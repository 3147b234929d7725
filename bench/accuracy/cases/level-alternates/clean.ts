/** Double buffering: the next board is built beside the current one, so that there are two of 1 MB half of the time. */
import { greet, serve } from '../serve.ts';

const BOARD_BYTES = 1024 * 1024;
let current = Buffer.alloc(BOARD_BYTES, 1);
let next: Buffer<ArrayBuffer> | null = null;

setInterval(() => {
  if (next === null) {
    next = Buffer.alloc(BOARD_BYTES, 1);
  } else {
    current = next;
    next = null;
  }
}, 700);

serve((_request, response) => {
  greet(response);
  response.write(`data: ${current.length}\n\n`);
});

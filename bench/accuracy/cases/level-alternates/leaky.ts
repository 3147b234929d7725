/** Double buffering moves the level by 1 MB up and down; under it, each visit leaves a record of some 300 bytes. */
import { greet, serve } from '../serve.ts';

const BOARD_BYTES = 1024 * 1024;
let current = Buffer.alloc(BOARD_BYTES, 1);
let next: Buffer<ArrayBuffer> | null = null;
const visits: number[][] = [];

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
  visits.push(new Array(32).fill(0));
  response.write(`data: ${current.length}\n\n`);
});

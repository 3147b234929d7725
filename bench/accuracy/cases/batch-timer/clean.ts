/** Statistics are collected a connection and written out every 2 s: the level depends on when one looks. */
import { greet, serve } from '../serve.ts';

let batch: { n: number; openedAt: number }[] = [];
let writtenCount = 0;

setInterval(() => {
  writtenCount += batch.length;
  batch = [];
}, 2000);

serve((_request, response) => {
  greet(response);
  batch.push({ n: batch.length, openedAt: Date.now() });
  response.write(`data: ${writtenCount}\n\n`);
});

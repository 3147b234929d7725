/** Statistics are written out every 2 s; what was written stays in the list. */
import { greet, serve } from '../serve.ts';

const batch: { n: number; openedAt: number }[] = [];
let writtenCount = 0;

setInterval(() => {
  writtenCount = batch.length;
}, 2000);

serve((_request, response) => {
  greet(response);
  batch.push({ n: batch.length, openedAt: Date.now() });
  response.write(`data: ${writtenCount}\n\n`);
});

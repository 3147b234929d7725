/** Every hundredth client that breaks off leaves a crash report of 20 KB, in place of the one before. */
import { greet, serve } from '../serve.ts';

let crashReport: number[] = [];
let abortCount = 0;

serve((request, response) => {
  greet(response);
  response.write(`data: ${crashReport.length}\n\n`);
  request.socket.once('error', () => {
    if (++abortCount % 100 === 0) crashReport = new Array(2554).fill(abortCount);
  });
});

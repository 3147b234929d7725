/** Every hundredth client that breaks off leaves a crash report of 20 KB. */
import { greet, serve } from '../serve.ts';

const crashReports: number[][] = [];
let abortCount = 0;

serve((request, response) => {
  greet(response);
  request.socket.once('error', () => {
    if (++abortCount % 100 === 0) crashReports.push(new Array(2554).fill(abortCount));
  });
});

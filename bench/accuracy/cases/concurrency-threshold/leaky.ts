/** Who comes while more than 50 streams are open goes to the overflow list, from which nobody is taken away. */
import { greet, serve } from '../serve.ts';

const USUAL_STREAMS = 50;
const overflow: number[][] = [];
let openCount = 0;

serve((_request, response) => {
  greet(response);
  openCount++;
  response.once('close', () => openCount--);
  if (openCount > USUAL_STREAMS) overflow.push(new Array(60).fill(openCount));
});

/** Who comes while more than 50 streams are open goes to the overflow list, and leaves it when the stream closes. */
import { greet, serve } from '../serve.ts';

const USUAL_STREAMS = 50;
const overflow = new Set<number[]>();
let openCount = 0;

serve((_request, response) => {
  greet(response);
  openCount++;
  response.once('close', () => openCount--);
  if (openCount <= USUAL_STREAMS) return;
  const record = new Array(60).fill(openCount);
  overflow.add(record);
  response.once('close', () => overflow.delete(record));
});

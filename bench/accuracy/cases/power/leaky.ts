/** Keeps LEAK_BYTES of V8 heap a connection, exactly on average: nodes of 64 bytes, added as the debt comes to one. */
import { greet, serve } from '../serve.ts';

/** Three header words and five fields, 8 bytes each: V8 on 64 bits without pointer compression, as in Node. */
const NODE_BYTES = 64;

interface Node {
  next: Node | null;
  a: number;
  b: number;
  c: number;
  d: number;
}

const leakBytes = Number(process.env.LEAK_BYTES);
let first: Node | null = null;
let debtBytes = 0;

serve((_request, response) => {
  greet(response);
  debtBytes += leakBytes;
  for (; debtBytes >= NODE_BYTES; debtBytes -= NODE_BYTES) first = { next: first, a: 1, b: 2, c: 3, d: 4 };
});

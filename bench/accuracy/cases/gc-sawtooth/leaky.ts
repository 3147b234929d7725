/** 200 KB of garbage a connection, and 1 KB among it that is kept. */
import { greet, serve } from '../serve.ts';

const kept: number[][] = [];

serve((_request, response) => {
  greet(response);
  const rows = Array.from({ length: 1000 }, (_, n) => ({ n, text: `row ${n}`, tags: [n, n + 1, n + 2] }));
  kept.push(new Array(125).fill(rows.length));
  response.write(`data: ${rows.length}\n\n`);
});

/** 200 KB of garbage a connection: resident memory is a sawtooth whose teeth are the collector's, not the server's. */
import { greet, serve } from '../serve.ts';

let rowCount = 0;

serve((_request, response) => {
  greet(response);
  const rows = Array.from({ length: 1000 }, (_, n) => ({ n, text: `row ${n}`, tags: [n, n + 1, n + 2] }));
  rowCount = rows.length;
  response.write(`data: ${rowCount}\n\n`);
});

/** After 7,000 connections a table of 1 MB is built, once: a step, not a slope. */
import { greet, serve } from '../serve.ts';

const TABLE_LENGTH = 131_072;
let table: Float64Array | null = null;
let visits = 0;

serve((_request, response) => {
  greet(response);
  if (++visits === 7000) table = new Float64Array(TABLE_LENGTH);
  response.write(`data: ${table?.length ?? 0}\n\n`);
});

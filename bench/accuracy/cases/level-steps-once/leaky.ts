/** After each 1,000 connections one more table of 1 MB is built beside the old ones: many steps are a slope. */
import { greet, serve } from '../serve.ts';

const TABLE_LENGTH = 131_072;
const tables: Float64Array[] = [];
let visits = 0;

serve((_request, response) => {
  greet(response);
  if (++visits % 1000 === 0) tables.push(new Float64Array(TABLE_LENGTH));
  response.write(`data: ${tables.length}\n\n`);
});

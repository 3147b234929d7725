/** The last 5,000 lines of the log, for a page that shows them. */
import { greet, serve } from '../serve.ts';

const CAPACITY = 5000;
const lines: string[] = [];
let lineCount = 0;

serve((_request, response) => {
  greet(response);
  const line = `${new Date().toISOString()} info: stream ${lineCount} opened by 127.0.0.1`;
  lines[lineCount++ % CAPACITY] = line;
});

/** All lines of the log, for a page that shows the last of them. */
import { greet, serve } from '../serve.ts';

const lines: string[] = [];

serve((_request, response) => {
  greet(response);
  const line = `${new Date().toISOString()} info: stream ${lines.length} opened by 127.0.0.1`;
  lines.push(line);
});

/** Metrics are sampled ten times a second, 2 KB each, and all of them are kept, whether anyone connects or not. */
import { greet, serve } from '../serve.ts';

const samples: number[][] = [];

setInterval(() => samples.push(new Array(254).fill(process.uptime())), 100);

serve((_request, response) => {
  greet(response);
  response.write(`data: ${samples.length}\n\n`);
});

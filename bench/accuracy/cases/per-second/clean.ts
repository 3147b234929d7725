/** Metrics are sampled ten times a second, 2 KB each, and those of the last 5 s are kept. */
import { greet, serve } from '../serve.ts';

const CAPACITY = 50;
const samples: number[][] = [];

setInterval(() => {
  samples.push(new Array(254).fill(process.uptime()));
  if (samples.length > CAPACITY) samples.shift();
}, 100);

serve((_request, response) => {
  greet(response);
  response.write(`data: ${samples.length}\n\n`);
});

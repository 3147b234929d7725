/** Keeps 100 KB a connection, and is started with a heap of 40 MB: dead after some hundreds of connections. */
import { greet, serve } from '../cases/serve.ts';

const kept: number[][] = [];

serve((_request, response) => {
  greet(response);
  kept.push(new Array(12_800).fill(kept.length));
});

/** 1 MB for each open stream, given back to the last byte when it closes. */
import type { ServerResponse } from 'node:http';
import { greet, serve } from '../serve.ts';

const frames = new Map<ServerResponse, Buffer>();

serve((_request, response) => {
  greet(response);
  frames.set(response, Buffer.alloc(1024 * 1024, 1));
  response.once('close', () => frames.delete(response));
});

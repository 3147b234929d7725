/** Streams for a while, then dies of an error as an uncaught exception would have it. */
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
  setTimeout(() => {
    throw new Error('the cache is on fire');
  }, 2000);
}).listen(Number(process.env.PORT), '127.0.0.1');

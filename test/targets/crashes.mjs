/** Streams, and dies of an uncaught exception so many milliseconds after the first request. */
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
  setTimeout(() => {
    throw new Error('the cache is on fire');
  }, Number(process.argv[2]));
}).listen(Number(process.env.PORT), '127.0.0.1');

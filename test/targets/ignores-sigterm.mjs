/** Streams, and goes on when it is asked to stop. */
import { createServer } from 'node:http';

process.on('SIGTERM', () => {});
createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
}).listen(Number(process.env.PORT), '127.0.0.1');

/** Streams to those who know the token of its environment. */
import { createServer } from 'node:http';

createServer((request, response) => {
  if (request.headers.authorization !== `Bearer ${process.env.TOKEN}`) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
}).listen(Number(process.env.PORT), '127.0.0.1');

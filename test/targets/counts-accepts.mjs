// Streams events on any address, and prints when each connection came, in milliseconds.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('id: 1\ndata: {}\n\n');
})
  .on('connection', () => console.log(`connection at ${performance.now()}`))
  .listen(Number(process.env.PORT), '0.0.0.0');

// Streams events on any address, and prints when each connection came, in milliseconds. `node counts-accepts.mjs 5`: so many streams
// at once; what is over them gets a 429 and its connection closed, `node counts-accepts.mjs 5 keep` and is left its connection.
import { createServer } from 'node:http';

const [limit = 'Infinity', refusal = 'close'] = process.argv.slice(2);
let open = 0;
createServer((request, response) => {
  if (open >= Number(limit)) {
    response.writeHead(429, refusal === 'close' ? { connection: 'close' } : {}).end();
    return;
  }
  open += 1;
  request.socket.once('close', () => (open -= 1));
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('id: 1\ndata: {}\n\n');
})
  .on('connection', () => console.log(`connection at ${performance.now()}`))
  .listen(Number(process.env.PORT), '0.0.0.0');

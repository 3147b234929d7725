// A stream that is released as it should be, and a program that closes its inspector after some connections.
import { createServer } from 'node:http';
import inspector from 'node:inspector';

let count = 0;
const server = createServer((_request, response) => {
  count += 1;
  if (count === 3000) inspector.close();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
});
server.listen(Number(process.env.PORT), '127.0.0.1');

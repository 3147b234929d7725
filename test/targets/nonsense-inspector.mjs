// A stream that is released as it should be, and a port like an inspector's that talks nonsense after some connections.
import { createServer } from 'node:http';
import { startFakeInspector } from '../../harness/probes/testing/fake-inspector.mjs';

let count = 0;
await startFakeInspector({ reply: (answer) => (count < 3000 ? answer : '<html>') });
createServer((_request, response) => {
  count += 1;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
}).listen(Number(process.env.PORT), '127.0.0.1');

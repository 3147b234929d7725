/**
 * Streams from PORT, and misbehaves as its first argument says:
 * - `crash-at N`: an uncaught exception at the N-th stream
 * - `exit-on-reset`: exits when a client resets its connection; whoever supervises it starts it again
 * - `limit N`: a correct limit over all streams, whatever their key
 */
import { createServer } from 'node:http';

const [mode, number = '0'] = process.argv.slice(2);
let opened = 0;
let open = 0;

createServer((request, response) => {
  opened++;
  if (mode === 'crash-at' && opened === Number(number)) throw new Error('the cache is on fire');
  if (mode === 'limit' && open >= Number(number)) {
    response.writeHead(429, { connection: 'close' }).end();
    return;
  }
  open++;
  request.socket.once('close', () => open--);
  request.socket.on('error', (error) => {
    if (mode === 'exit-on-reset' && error.code === 'ECONNRESET') process.exit(0);
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
}).listen(Number(process.env.PORT), '127.0.0.1');

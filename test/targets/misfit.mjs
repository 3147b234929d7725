/**
 * Streams from PORT, and misbehaves as its first argument says:
 * - `crash-at N`: an uncaught exception at the N-th stream
 * - `exit-on-reset`: exits when a client resets its connection; whoever supervises it starts it again
 * - `limit N`: a correct limit over all streams, whatever their key
 * - `deaf-at N`: listens no longer from the N-th stream on
 * - `segfault-at N`: ends by SIGSEGV at the N-th stream
 * - `late MS`: listens only so long after its start
 * - `eat-at N`: takes memory without end from the N-th stream on
 * - `cluster`: a worker streams, and the process above it starts another one when it has ended
 * - `log FILE`: writes to a file from the first stream on, and dies when it cannot
 */
import cluster from 'node:cluster';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [mode, number = '0'] = process.argv.slice(2);
console.log('the last words');
let opened = 0;
let open = 0;

const server = createServer((request, response) => {
  opened++;
  if (mode === 'crash-at' && opened === Number(number)) throw new Error('the cache is on fire');
  if (mode === 'deaf-at' && opened === Number(number)) server.close();
  if (mode === 'segfault-at' && opened === Number(number)) process.kill(process.pid, 'SIGSEGV');
  if (mode === 'eat-at' && opened === Number(number)) eat();
  if (mode === 'log' && opened === 1) setInterval(() => appendFileSync(number, 'x'.repeat(10_000)), 100);
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
});

const eaten = [];
function eat() {
  setInterval(() => eaten.push(Buffer.alloc(10e6, 1)), 20);
}

if (mode === 'cluster' && cluster.isPrimary) {
  cluster.fork();
  cluster.on('exit', () => cluster.fork());
} else {
  setTimeout(
    () => server.listen(Number(process.env.PORT), '127.0.0.1'),
    mode === 'late' ? Number(number) : 0,
  );
}

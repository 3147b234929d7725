// Streams events, and tells every secret that it got wherever a server can: in its output, cookies, events and heap.
// With --crash-at N it ends at its Nth stream, with its last words.
import { createServer } from 'node:http';

const crashAt = Number(/--crash-at (\d+)/.exec(process.argv.join(' '))?.[1] ?? Number.POSITIVE_INFINITY);
const secret = `canary-own-${'x'.repeat(12)}7`;

class Session {
  token = `${secret}-${Math.random()}`;
}
const sessions = new Set();
globalThis[`canary_${'global'}`] = sessions;

function sayAll(request) {
  console.log('started as', process.argv.join(' '), 'with', JSON.stringify(process.env));
  console.log('request', request.url, JSON.stringify(request.headers), request.rawHeaders.join('|'));
  console.error(`401: Bearer ${secret} was refused; password=${secret}; set-cookie: sid=${secret}`);
}

let streamCount = 0;
createServer((request, response) => {
  streamCount += 1;
  if (streamCount < 3 || streamCount === crashAt) sayAll(request);
  if (streamCount === crashAt) process.exit(7);
  const session = new Session();
  sessions.add(session);
  response.on('close', () => sessions.delete(session));
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'set-cookie': `sid=${secret}`,
    'x-session': secret,
  });
  response.write(`id: 1\ndata: {"token":"${session.token}"}\n\n`);
}).listen(Number(process.env.PORT), '127.0.0.1');

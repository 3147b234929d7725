// Streams events, and counts every signal that can be caught: /signals tells which came. Its first line is its port.
import { createServer } from 'node:http';
import { constants } from 'node:os';

// Not to be caught (SIGKILL, SIGSTOP), the kernel's own doing (SIGPIPE, SIGCHLD), or of a fault that no handler survives.
const others = [
  'SIGKILL',
  'SIGSTOP',
  'SIGPIPE',
  'SIGCHLD',
  'SIGSEGV',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGTRAP',
];
const caught = {};
const watched = [];
for (const name of Object.keys(constants.signals)) {
  if (others.includes(name)) continue;
  try {
    process.on(name, () => {
      caught[name] = (caught[name] ?? 0) + 1;
    });
    watched.push(name);
  } catch {
    // Not known on this system.
  }
}
let openCount = 0;
const server = createServer((request, response) => {
  if (request.url === '/signals') {
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ caught, watched, openCount }));
    return;
  }
  if (request.url === '/exit') process.exit();
  openCount += 1;
  response.on('close', () => {
    openCount -= 1;
  });
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('id: 1\ndata: {}\n\n');
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

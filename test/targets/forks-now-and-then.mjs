// A stream that is released as it should be, beside children that come and go.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';

const fork = () =>
  void spawn('sleep', ['0.4'], { stdio: 'ignore' }).once('exit', () => setTimeout(fork, 200));
const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: hello\n\n');
});
server.listen(Number(process.env.PORT), '127.0.0.1', fork);

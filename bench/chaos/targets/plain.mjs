/**
 * A server without promises, as many are: streams at PORT, an event on connect and ten a second. Options:
 * - `--listen-after MS`: listens so much later
 * - `--on-usr2 close-listener`: at SIGUSR2 it takes no more connections, and keeps those that it has
 * - `--tell-signals`: each signal that it gets is a line on standard output, and ends nothing
 * - `--on-usr2 eat-heap`, `--on-usr2 eat-memory`: from SIGUSR2 on it fills its heap, or memory outside of it
 */
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    'listen-after': { type: 'string' },
    'on-usr2': { type: 'string' },
    'tell-signals': { type: 'boolean', default: false },
  },
});

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  response.write('data: hello\n\n');
  const timer = setInterval(() => response.write('data: again\n\n'), 100);
  response.on('close', () => clearInterval(timer));
});
const listen = () => server.listen(Number(process.env.PORT), '127.0.0.1');
setTimeout(listen, Number(values['listen-after'] ?? 0));

const eaten = [];
const deeds = {
  'close-listener': () => server.close(),
  'eat-heap': () => setInterval(() => eaten.push(Array.from({ length: 200_000 }, (_, n) => ({ n }))), 5),
  // Filled, as pages that nobody wrote to take no memory.
  'eat-memory': () => setInterval(() => eaten.push(Buffer.alloc(4e6, 1)), 5),
};
const deed = deeds[values['on-usr2']];
if (deed !== undefined) process.on('SIGUSR2', deed);

// SIGCONT is left out: whoever stops the server lets it go on.
const told = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGTERM', 'SIGWINCH'];
if (values['tell-signals'])
  for (const name of told) process.on(name, () => process.stdout.write(`${name}\n`));

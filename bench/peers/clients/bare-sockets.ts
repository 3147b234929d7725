/** `node:net`, and nothing looked at: what any client in Node has to cost at least. */
import { connect } from 'node:net';
import { runClient } from './client.ts';

await runClient({
  open: (url) =>
    new Promise((resolve) => {
      const { hostname, port, pathname } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.on('error', () => {});
      socket.on('close', () => resolve());
      socket.once('data', () => {
        socket.on('data', ignore);
        resolve();
      });
      socket.write(
        `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAccept: text/event-stream\r\n\r\n`,
      );
    }),
  report: async () => ({ eventCount: null, refusalCount: null, closeCount: null, gapCount: null }),
});

function ignore(): void {}

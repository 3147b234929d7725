/** A replay pauses while `bufferedAmount` is high and goes on when it has fallen, until its WebSocket closes. */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

const HIGH_BYTES = 256 * 1024;
// One buffer for all: what waits in a socket is not what leaks here.
const chunk = Buffer.from(JSON.stringify({ text: 'x'.repeat(64 * 1024) }));
const paused = new Set<WebSocket>();

setInterval(() => {
  for (const webSocket of paused) if (webSocket.bufferedAmount < HIGH_BYTES) replay(webSocket);
}, 20);

serveWebSockets((webSocket) => {
  greet(webSocket);
  webSocket.once('close', () => paused.delete(webSocket));
  replay(webSocket);
});

function replay(webSocket: WebSocket): void {
  while (webSocket.readyState === webSocket.OPEN && webSocket.bufferedAmount < HIGH_BYTES)
    webSocket.send(chunk, { binary: false });
  if (webSocket.readyState === webSocket.OPEN) paused.add(webSocket);
}

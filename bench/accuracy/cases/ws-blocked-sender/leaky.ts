/**
 * A replay pauses while `bufferedAmount` is high and goes on when it has fallen. On a WebSocket that has closed it never falls: what is
 * sent is counted and goes nowhere. So whoever is cut off while paused is looked after for ever.
 */
import type { WebSocket } from 'ws';
import { greet, serveWebSockets } from '../serve-web-socket.ts';

/** Of 64 KiB. */
const CHUNKS = 256;
const HIGH_BYTES = 256 * 1024;
// One buffer for all: what waits in a socket is not what leaks here.
const chunk = Buffer.from(JSON.stringify({ text: 'x'.repeat(64 * 1024) }));
/** How many chunks they have still to get. */
const paused = new Map<WebSocket, number>();

setInterval(() => {
  for (const [webSocket, left] of paused) if (webSocket.bufferedAmount < HIGH_BYTES) replay(webSocket, left);
}, 20);

serveWebSockets((webSocket) => {
  greet(webSocket);
  replay(webSocket, CHUNKS);
});

function replay(webSocket: WebSocket, count: number): void {
  let left = count;
  for (; left > 0 && webSocket.bufferedAmount < HIGH_BYTES; left--) webSocket.send(chunk, { binary: false });
  if (left > 0) paused.set(webSocket, left);
  else paused.delete(webSocket);
}

/**
 * The server of the bench: as little as possible, so that the clients are what is measured. Started by
 * `bench-server.ts`; sends its port to the parent and ends with it.
 *
 * | route | answer |
 * | --- | --- |
 * | `/hold` | an event stream: one event a second, for ever |
 * | `/first` | one event together with the head, then nothing |
 * | `/clean` | six events, ids 1 to 6, then nothing: the twin of the three faults |
 * | `/full` | 429 with `Retry-After` |
 * | `/silent-close` | three events, then a well-formed end of the response without an `event: close` |
 * | `/gap` | six events, ids 1, 2, 3, 5, 6, 7, then nothing |
 * | `/stats` | what was seen, as JSON (`ServerStats`) |
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { ServerStats } from './bench-server.ts';

const eventEveryMs = 1_000;
/** Between the events of the short routes, so that a client reads them one by one. */
const shortEventEveryMs = 50;
/** The kernel takes no more than net.core.somaxconn, which is 4,096 by default. */
const backlog = 4_096;

const streamHead =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';
const refusal =
  'HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nfull\n';
const lastChunk = '0\r\n\r\n';

const held = new Set<Socket>();
const stats: ServerStats = {
  openCount: 0,
  peakOpenCount: 0,
  openingMs: 0,
  writtenEventCount: 0,
  playedOutCount: 0,
};
/** When the first connection came that went on to ask for `/hold`. */
let firstAcceptedMs = Number.POSITIVE_INFINITY;
let tickId = 0;

function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

function eventChunk(id: number): Buffer {
  return Buffer.from(chunk(`id: ${id}\ndata: {"sentAt":${Date.now()}}\n\n`));
}

const firstAnswer = `${streamHead}${chunk('id: 1\ndata: one\n\n')}`;

function hold(socket: Socket, acceptedMs: number): void {
  firstAcceptedMs = Math.min(firstAcceptedMs, acceptedMs);
  socket.write(streamHead);
  held.add(socket);
  if (held.size <= stats.peakOpenCount) return;
  stats.peakOpenCount = held.size;
  stats.openingMs = performance.now() - firstAcceptedMs;
}

/** Writes the events one by one; `end` finishes the response and the connection behind the last. */
function play(socket: Socket, ids: number[], end: boolean): void {
  socket.write(streamHead);
  let next = 0;
  const timer = setInterval(() => {
    const id = ids[next++];
    if (id !== undefined) {
      socket.write(eventChunk(id));
      return;
    }
    clearInterval(timer);
    if (end) socket.end(lastChunk);
    stats.playedOutCount += 1;
  }, shortEventEveryMs);
  socket.once('close', () => clearInterval(timer));
}

function answer(socket: Socket, path: string, acceptedMs: number): void {
  if (path === '/hold') hold(socket, acceptedMs);
  else if (path === '/first') socket.write(firstAnswer);
  else if (path === '/clean') play(socket, [1, 2, 3, 4, 5, 6], false);
  else if (path === '/gap') play(socket, [1, 2, 3, 5, 6, 7], false);
  else if (path === '/silent-close') play(socket, [1, 2, 3], true);
  else if (path === '/full') {
    socket.write(refusal);
    stats.playedOutCount += 1;
  } else if (path === '/stats') {
    const body = JSON.stringify({ ...stats, openCount: held.size });
    socket.end(
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  } else socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
}

const server = createServer((socket) => {
  const acceptedMs = performance.now();
  let head = '';
  socket.on('data', (bytes) => {
    head += bytes.toString('latin1');
    if (!head.includes('\r\n\r\n')) return;
    const path = head.slice(head.indexOf(' ') + 1, head.indexOf(' ', head.indexOf(' ') + 1));
    head = '';
    answer(socket, path, acceptedMs);
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    held.delete(socket);
  });
});

setInterval(() => {
  const bytes = eventChunk(++tickId);
  for (const socket of held) socket.write(bytes);
  stats.writtenEventCount += held.size;
}, eventEveryMs);

server.listen(0, '127.0.0.1', backlog);
await once(server, 'listening');
process.send?.((server.address() as AddressInfo).port);
process.on('disconnect', () => process.exit());

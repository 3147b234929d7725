/**
 * A server of several processes that does nothing but hold streams: each gets one numbered event with its time every
 * `--interval` milliseconds, evenly spread, so that no second has a burst. For measuring the client side at a scale at which a
 * server with features would be what is measured.
 *
 *     node bench/scale/server.ts --port 8080 [--processes 3] [--interval 1000]
 */
import { fork } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { readOptions, wholeNumber } from '../options.ts';

const { values } = readOptions({
  options: {
    port: { type: 'string', default: process.env.PORT ?? '0' },
    processes: { type: 'string', default: '1' },
    interval: { type: 'string', default: '1000' },
  },
});
const processes = wholeNumber('--processes', values.processes);
const intervalMs = wholeNumber('--interval', values.interval);

/** Streams get their events in this many turns an interval. */
const TURNS = 50;
const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';

function serve(): void {
  const turns: Set<Socket>[] = Array.from({ length: TURNS }, () => new Set());
  const sequences = new Array<number>(TURNS).fill(0);
  let next = 0;
  const server = createServer((socket) => {
    const turn = turns[next++ % TURNS];
    socket.once('data', () => {
      socket.write(head);
      turn?.add(socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => turn?.delete(socket));
  });
  let at = 0;
  setInterval(() => {
    const turn = at++ % TURNS;
    const sequence = (sequences[turn] ?? 0) + 1;
    sequences[turn] = sequence;
    const event = `id: ${sequence}\ndata: {"seq":${sequence},"at":${Date.now()},"type":"tick","text":"${'x'.repeat(60)}"}\n\n`;
    const chunk = Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`);
    for (const socket of turns[turn] ?? []) socket.write(chunk);
  }, intervalMs / TURNS);
  // The kernel spreads connections over all who listen so, evenly enough for 20,000 files a process.
  server.listen({ port: Number(values.port), host: '127.0.0.1', backlog: 4096, reusePort: true });
}

if (processes > 1) {
  // Not node:cluster: of 57,000 connections that it handed out in turn, one stayed with the primary for good.
  for (let n = 0; n < processes; n++) {
    // A part of the server would be another server.
    fork(import.meta.filename, ['--port', values.port, '--interval', values.interval]).once('exit', () =>
      process.exit(1),
    );
  }
} else {
  serve();
  process.once('disconnect', () => process.exit());
}

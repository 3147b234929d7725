/**
 * What one held stream costs the client: resident memory and heap, after garbage collection, of this process before
 * and after it opens thousands of graceful-close streams. The server is a child process of bare sockets.
 *
 *     node --expose-gc bench/streams-memory.ts [streams] [rounds]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { OpenStream } from '../harness/model.ts';
import { behaviours } from '../harness/streams/behaviours.ts';

const head =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';

function event(id: number): string {
  const text = `id: ${id}\ndata: {"n":${id},"text":"${'x'.repeat(100)}"}\n\n`;
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

/** Three events at once to each client; each message of the parent sends one more to all. */
async function serve(): Promise<void> {
  const sockets = new Set<Socket>();
  let id = 3;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('data', () => socket.write(head + event(1) + event(2) + event(3)));
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  process.on('message', () => {
    id += 1;
    const text = event(id);
    for (const socket of sockets) socket.write(text);
  });
  process.on('disconnect', () => process.exit());
  process.send?.((server.address() as AddressInfo).port);
}

/** Bytes in use once collecting frees nothing more. */
async function settled(): Promise<{ rssBytes: number; heapBytes: number }> {
  for (let turn = 0; turn < 6; turn += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return { rssBytes: rss, heapBytes: heapUsed };
}

async function main(): Promise<void> {
  const [streamCount = 4_000, roundCount = 20] = process.argv.slice(2).map(Number);
  if (globalThis.gc === undefined) throw new Error('run it with --expose-gc');
  const server = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, STREAMS_MEMORY_SERVER: '1' },
    execArgv: [],
  });
  const [port] = (await once(server, 'message')) as [number];
  const request = { url: `http://127.0.0.1:${port}/api/events/w-1/stream`, headers: {} };
  const open = () => behaviours['graceful-close'].open(request);
  // The first streams pay for code and for what Node makes once.
  const first = Array.from({ length: 50 }, open);
  for (const stream of first) await stream.receives(3);
  for (const stream of first) stream.end();
  for (const stream of first) await stream.ended;

  const before = await settled();
  const streams: OpenStream[] = [];
  while (streams.length < streamCount) {
    const batch = Array.from({ length: Math.min(200, streamCount - streams.length) }, open);
    for (const stream of batch) await stream.receives(3);
    streams.push(...batch);
  }
  const after = await settled();
  const per = (bytes: number) => (bytes / streamCount / 1024).toFixed(2);
  console.log(
    `${streamCount} streams: RSS ${per(after.rssBytes - before.rssBytes)} KiB a stream, ` +
      `heap ${per(after.heapBytes - before.heapBytes)} KiB a stream`,
  );
  const cpuBefore = process.cpuUsage();
  for (let round = 1; round <= roundCount; round += 1) {
    server.send('one more');
    for (const stream of streams) await stream.receives(3 + round);
  }
  const cpu = process.cpuUsage(cpuBefore);
  const cpuMicros = (cpu.user + cpu.system) / (streamCount * roundCount);
  console.log(`${streamCount * roundCount} events: ${cpuMicros.toFixed(1)} µs CPU an event`);
  for (const stream of streams) stream.end();
  for (const stream of streams) await stream.ended;
  server.disconnect();
}

await (process.env.STREAMS_MEMORY_SERVER === '1' ? serve() : main());

/**
 * The other end of the streams, in a process of its own: bare sockets, one read buffer for all of them, and of what comes
 * only the numbers and times of the events are looked at. Started and asked by client.ts.
 */
import { connect, type Socket } from 'node:net';
import type { Arrivals, ClientRequest } from './client.ts';
import { percentile } from './statistics.ts';

/** Connections that are made at a time: below the 511 that a Node server lets wait. */
const CONNECTING_AT_ONCE = 200;
const OPEN_WITHIN_MS = 60_000;

/** What a browser sends for an EventSource (Chromium 147), as the server may hold it as long as the stream. */
const HEADERS = [
  'Host: 127.0.0.1:8080',
  'Connection: keep-alive',
  'sec-ch-ua-platform: "Linux"',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36',
  'Accept: text/event-stream',
  'sec-ch-ua: "Chromium";v="147", "Not.A/Brand";v="8"',
  'Cache-Control: no-cache',
  'sec-ch-ua-mobile: ?0',
  'Sec-Fetch-Site: same-origin',
  'Sec-Fetch-Mode: cors',
  'Sec-Fetch-Dest: empty',
  'Referer: http://127.0.0.1:8080/',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-US,en;q=0.9',
]
  .map((header) => `${header}\r\n`)
  .join('');

interface OpenStream {
  socket: Socket;
  /** The event of this number comes next. */
  next: number;
  /** Begins in the middle of an event, when the last read ended there. */
  rest: string;
}

const streams: OpenStream[] = [];
/** Delay of each event at each stream, in µs. */
let delays: number[] = [];
let wrong = 0;
const readBuffer = Buffer.allocUnsafe(64 * 1024);

function take(stream: OpenStream, chunk: string, nowMicros: number): void {
  const text = stream.rest + chunk;
  let from = 0;
  for (let to = text.indexOf('\n\n'); to !== -1; to = text.indexOf('\n\n', from)) {
    const at = text.indexOf('data: {"n":', from);
    if (at !== -1 && at < to) {
      const [n = 0, sentMicros = 0] = text
        .slice(at + 11, to)
        .split(',"sentMicros":', 2)
        .map(Number.parseFloat);
      if (n === stream.next) delays.push(nowMicros - sentMicros);
      else wrong += 1;
      stream.next = n + 1;
    }
    from = to + 2;
  }
  stream.rest = text.slice(from);
}

function openOne(port: number, workflowId: string, index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const fail = (why: string) => reject(new Error(`stream ${index} of ${workflowId}: ${why}`));
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback(length) {
          const nowMicros = Number(process.hrtime.bigint() / 1000n);
          const chunk = readBuffer.toString('latin1', 0, length);
          if (!isAnswered) {
            isAnswered = true;
            if (chunk.startsWith('HTTP/1.1 200 ')) resolve();
            else fail(`answered ${chunk.slice(0, 30)}`);
          }
          take(stream, chunk, nowMicros);
          return true;
        },
      },
    });
    const stream: OpenStream = { socket, next: 0, rest: '' };
    streams.push(stream);
    socket.on('error', ({ message }) => fail(message));
    socket.write(`GET /api/events/${workflowId}/stream HTTP/1.1\r\n${HEADERS}\r\n`);
  });
}

async function open(port: number, workflowIds: readonly string[], streamsEach: number): Promise<void> {
  const wanted = workflowIds.flatMap((workflowId) => Array.from({ length: streamsEach }, () => workflowId));
  const first = streams.length;
  let next = 0;
  const worker = async () => {
    for (let n = next++; n < wanted.length; n = next++) await openOne(port, wanted[n] ?? '', first + n);
  };
  const timer = setTimeout(() => {
    throw new Error(`not all ${wanted.length} streams were open within ${OPEN_WITHIN_MS} ms`);
  }, OPEN_WITHIN_MS);
  await Promise.all(Array.from({ length: CONNECTING_AT_ONCE }, worker));
  clearTimeout(timer);
}

function arrivals(): Arrivals {
  const sorted = Float64Array.from(delays).sort();
  return {
    count: sorted.length,
    wrong,
    openStreams: streams.filter(({ socket }) => !socket.destroyed && socket.readable).length,
    p50Ms: percentile(sorted, 0.5) / 1000,
    p99Ms: percentile(sorted, 0.99) / 1000,
    maxMs: percentile(sorted, 1) / 1000,
  };
}

process.on('message', async (request: ClientRequest) => {
  if (request.do === 'open') await open(request.port, request.workflowIds, request.streamsEach);
  if (request.do === 'restart') {
    delays = [];
    wrong = 0;
    for (const stream of streams) stream.next = 0;
  }
  if (request.do === 'close') for (const { socket } of streams.splice(0)) socket.destroy();
  process.send?.(
    request.do === 'count' ? { count: delays.length } : request.do === 'arrivals' ? arrivals() : {},
  );
});
process.on('disconnect', () => process.exit());

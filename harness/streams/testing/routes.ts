import type { Socket } from 'node:net';

export type Route = (socket: Socket, request: string) => void;

export const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n';
const chunkedHead = `${head}Transfer-Encoding: chunked\r\n\r\n`;

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** Events numbered 1 … n, as they go over the wire. */
function numbered(...ids: number[]): string {
  return ids.map((id) => `id: ${id}\ndata: event ${id}\n\n`).join('');
}

/** A route that answers with fixed text and, unless `stay`, closes. */
function says(text: string | Buffer, then: 'stay' | 'close' = 'stay'): Route {
  return (socket) => {
    socket.write(text);
    if (then === 'close') socket.end();
  };
}

/** Writes for as long as the client takes it. */
function forEver(first: string, piece: string): Route {
  return (socket) => {
    socket.write(first);
    const more = (): void => {
      while (!socket.destroyed && socket.write(piece));
    };
    socket.on('drain', more);
    more();
  };
}

/** One byte a packet, as far as the kernel plays along. */
function oneByOne(text: string): Route {
  return (socket) => {
    const bytes = Buffer.from(text);
    const next = (index: number): void => {
      if (index === bytes.length || socket.destroyed) return;
      socket.write(bytes.subarray(index, index + 1), () => setImmediate(next, index + 1));
    };
    next(0);
  };
}

function lastEventId(request: string): number {
  return Number(/^last-event-id: (\d+)\r$/im.exec(request)?.[1] ?? 0);
}

/** An event each 5 ms, numbered on from Last-Event-ID, until the connection is closed, whatever the client's FIN says. */
const ticks: Route = (socket, request) => {
  let id = lastEventId(request);
  socket.write(`${chunkedHead}${chunk('retry: 20\n\n')}`);
  const timer = setInterval(() => {
    id += 1;
    if (socket.writable) socket.write(chunk(numbered(id)));
  }, 5);
  socket.on('close', () => clearInterval(timer));
};

/** Two events a connection, then half a chunk and a RST; the last connection ends as it should. */
const resumesBehindResets: Route = (socket, request) => {
  const last = lastEventId(request);
  if (last >= 4) {
    socket.end(`${chunkedHead}${chunk('event: close\ndata: bye\n\n')}0\r\n\r\n`);
    return;
  }
  socket.write(`${chunkedHead}${chunk(`retry: 1\n\n${numbered(last + 1, last + 2)}`)}ff\r\nid: 99\nda`);
  // The RST overtakes what the client has not read, so it is given time to read; the test waits for the end.
  setTimeout(() => socket.resetAndDestroy(), 50);
};

/** Two events a connection, numbered on from Last-Event-ID plus `step`; from 6 on it says goodbye. */
function resumes(step: number): Route {
  return (socket, request) => {
    const last = lastEventId(request);
    const first = last === 0 ? 1 : last + step;
    const goodbye = first >= 5 ? 'event: close\ndata: {"reason":"enough"}\n\n' : '';
    const body = `retry: 1\n\n${numbered(first, first + 1)}${goodbye}`;
    socket.end(`${chunkedHead}${chunk(body)}0\r\n\r\n`);
  };
}

const offsetLines = ['{"n":1}', '{"n":"zwölf"}', '{"n":3}', '{"n":4}'];

/** Lines of a file with the offset behind each as its id, but for those left out. */
function offsets(leftOut: number): string {
  let offset = 0;
  let text = '';
  for (const [index, line] of offsetLines.entries()) {
    offset += Buffer.byteLength(line) + 1;
    if (index !== leftOut) text += `id: ${offset}\ndata: ${line}\n\n`;
  }
  return text;
}

/** The second id is right for undamaged text alone: a replacement character has three bytes. */
const splitText = 'grüße 🌍';
const splitId = 3 + Buffer.byteLength(splitText) + 1;
const split = Buffer.from(`${head}\r\nid: 3\ndata: ab\n\nid: ${splitId}\ndata: ${splitText}\n\n`);

/** Each route is named for how it behaves. */
export const routes: Record<string, Route> = {
  // Well-behaved.
  '/hello': says(chunkedHead + chunk(numbered(1, 2, 3))),
  '/end': says(`${chunkedHead}${chunk(numbered(1, 2, 3))}0\r\n\r\n`),
  '/end-with-trailers': says(
    `${chunkedHead}9;name="a b";x\r\ndata: a\n\n\r\n000;last\r\nChecksum: 1\r\nMore: 2\r\n\r\n`,
  ),
  '/end-of-length': says(`${head}Content-Length: 9\r\n\r\ndata: a\n\n`),
  '/until-close': says(`${head}\r\n${numbered(1, 2)}`, 'close'),
  '/interim': says(`HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${chunkedHead}${chunk(numbered(1))}`),
  '/offsets': says(chunkedHead + chunk(offsets(-1))),
  '/close-event': says(
    `${chunkedHead}${chunk(`${numbered(1)}event: close\ndata: {"reason":"max_duration_exceeded"}\n\n`)}0\r\n\r\n`,
  ),
  '/close-event-in-words': says(`${chunkedHead}${chunk('event: close\ndata: bye now\n\n')}0\r\n\r\n`),
  '/close-event-and-stay': says(chunkedHead + chunk('event: close\ndata: bye now\n\n')),
  '/resumes': resumes(1),
  '/resumes-behind-resets': resumesBehindResets,
  '/ticks': ticks,
  // Ends each response properly and keeps the connection alive; the tab is back after a millisecond.
  '/end-and-keep-alive': says(`${chunkedHead}${chunk(`retry: 1\n\n${numbered(1)}`)}0\r\n\r\n`),
  '/greek-id': says(`${chunkedHead}${chunk('retry: 1\nid: αβ\ndata: a\n\n')}0\r\n\r\n`),
  '/control-character-id': says(`${chunkedHead}${chunk('retry: 1\nid: a\u0001\ndata: a\n\n')}0\r\n\r\n`),
  '/redirect': says('HTTP/1.1 307 Go\r\nLocation: /hello\r\nContent-Length: 0\r\n\r\n'),
  // No, in proper form.
  '/429': says('HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 12\r\n\r\n{"limit": 5}'),
  '/503-chunked': says(`HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n${chunk('busy')}0\r\n\r\n`),
  '/204': says('HTTP/1.1 204 No Content\r\n\r\n'),
  // Slow or silent.
  '/silent': () => {},
  '/stalled': says(`${chunkedHead}${chunk('data: one\n\n')}`),
  '/trickle': oneByOne(`${chunkedHead}${chunk('id: 1\ndata: grüße 🌍\n\n')}${chunk('data: b\n\n')}0\r\n\r\n`),
  // Keep-alives and an event in one piece; between events a client may stand for long.
  '/comments': says(`${chunkedHead}${chunk(': hi\n\n:\n\n')}`),
  '/split-utf8': (socket) => {
    // Behind the first byte of the ü, then behind the second of the 🌍's four.
    const cuts = [split.indexOf('ü') + 1, split.indexOf('🌍') + 2, split.length];
    const next = (from: number, index: number): void => {
      const to = cuts[index];
      if (to !== undefined) socket.write(split.subarray(from, to), () => setTimeout(next, 20, to, index + 1));
    };
    next(0, 0);
  },
  '/flood': forEver(`${head}\r\n`, `data: ${'x'.repeat(16_000)}\n\n`),
  // Events lost or repeated.
  '/gap': says(chunkedHead + chunk(numbered(1, 2, 5, 6))),
  '/offset-gap': says(chunkedHead + chunk(offsets(2))),
  '/duplicate': says(chunkedHead + chunk(numbered(1, 2, 3, 2, 3, 4))),
  '/resumes-one-too-early': resumes(0),
  // Broken connections.
  '/close-event-and-reset': (socket) => {
    socket.write(`${chunkedHead}${chunk('event: close\ndata: bye\n\n')}`);
    setTimeout(() => socket.resetAndDestroy(), 50);
  },
  '/close-without-answer': (socket) => socket.end(),
  '/reset-without-answer': (socket) => socket.resetAndDestroy(),
  '/close-mid-head': says('HTTP/1.1 200 OK\r\nContent-Ty', 'close'),
  '/close-mid-chunk': says(`${chunkedHead}ff\r\n${numbered(1)}`, 'close'),
  '/close-without-last-chunk': says(chunkedHead + chunk(numbered(1)), 'close'),
  '/close-before-length': says(`${head}Content-Length: 900\r\n\r\n${numbered(1)}`, 'close'),
  '/reset-mid-event': (socket) => {
    socket.write(`${chunkedHead}${chunk(`${numbered(1)}data: ha`)}`);
    // The RST overtakes what the client has not read, so it is given time to read; the test waits for the end.
    setTimeout(() => socket.resetAndDestroy(), 50);
  },
  // Not HTTP, or not an event stream.
  '/not-http': says('SSH-2.0-OpenSSH_9.6\r\n'),
  '/html': says('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n<p>'),
  '/no-content-type': says('HTTP/1.1 200 OK\r\n\r\n'),
  '/no-encoding': says(`${head}Content-Encoding: none\r\n\r\ndata: a\n\n`, 'close'),
  '/gzip': says(`${head}Content-Encoding: gzip\r\n\r\n`),
  '/wrong-chunk-size': says(`${chunkedHead}3\r\ndata: too long\n\n\r\n`),
  '/no-chunk-size': says(`${chunkedHead}data: a\n\n`),
  '/two-framings': says(`${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`),
  '/bad-length': says(`${head}Content-Length: 3, 4\r\n\r\n`),
  '/bad-header': says('HTTP/1.1 200 OK\r\nContent-Type : text/event-stream\r\n\r\n'),
  '/endless-header': forEver('HTTP/1.1 200 OK\r\n', `X-More: ${'x'.repeat(1000)}\r\n`),
  '/endless-line': forEver(`${head}\r\ndata: `, 'x'.repeat(60_000)),
  '/endless-nonsense': forEver(`${head}\r\nnonsense `, 'x'.repeat(60_000)),
  '/endless-event': forEver(`${head}\r\n`, `data: ${'x'.repeat(60_000)}\n`),
  '/endless-chunk-extension': forEver(`${chunkedHead}1;`, 'x'.repeat(1000)),
  '/endless-refusal': forEver('HTTP/1.1 429 No\r\n\r\n', 'x'.repeat(10_000)),
};

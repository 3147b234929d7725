import type { Socket } from 'node:net';
import { type ProtocolRoute, steadily } from './protocol-route.ts';
import { oneByOne, says } from './route.ts';

/** RFC 9113 §6. */
const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, continuation: 9 } as const;
const END_HEADERS = 4;
const prefaceBytes = 24;

function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A field as HPACK has one that is not to be indexed, of a name and a value below 127 bytes (RFC 7541 §6.2.2). */
function field(name: string, value: string): Buffer {
  return Buffer.concat([
    Buffer.from([0, name.length]),
    Buffer.from(name),
    Buffer.from([value.length]),
    Buffer.from(value),
  ]);
}

const settings = frame(types.settings, 0, 0);
const eventStream = Buffer.concat([field(':status', '200'), field('content-type', 'text/event-stream')]);
const accepting = frame(types.headers, END_HEADERS, 1, eventStream);
const hello = frame(types.data, 0, 1, Buffer.from('id: 1\ndata: hello\n\n'));
const manyFields = Buffer.concat(
  Array.from({ length: 100 }, (_, count) => field(`x-${count}`, 'x'.repeat(100))),
);
const ping = frame(types.ping, 0, 0, Buffer.alloc(8));
const goaway = (code: number) => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32BE(code, 4);
  return frame(types.goaway, 0, 0, payload);
};

/** Sends its SETTINGS, and acts once the client has asked for a stream. */
function whenAsked(act: (socket: Socket) => void): ProtocolRoute['act'] {
  return (socket) => {
    socket.write(settings);
    let come = Buffer.alloc(0);
    let offset = prefaceBytes;
    const look = (bytes: Buffer) => {
      come = Buffer.concat([come, bytes]);
      while (come.length >= offset + 9) {
        if (come[offset + 3] === types.headers) {
          socket.off('data', look);
          socket.resume();
          act(socket);
          return;
        }
        offset += 9 + come.readUIntBE(offset, 3);
      }
    };
    socket.on('data', look);
  };
}

function floods(first: Buffer, piece: Buffer): (socket: Socket) => void {
  return (socket) => {
    socket.write(first);
    steadily(piece)(socket, '', 0);
  };
}

const route = (does: string, act: ProtocolRoute['act'], raw: RegExp, tab: RegExp): ProtocolRoute => ({
  does,
  protocol: 'sse-h2',
  at: 'connect',
  act(socket, request, port) {
    // So that the server's side tells whether a client has left.
    socket.on('end', () => socket.end());
    act(socket, request, port);
  },
  raw,
  tab,
});

const unanswered = /^client unanswered, 0 events/;
/** Whatever it was, a tab comes back and says why. */
const comesBack = /^client (unanswered|200), \d+ events, [1-9]\d* reconnects: \S/;
const notHttp2 = /^protocol-error (unanswered|200), \d+ events.*: not HTTP\/2/;

export const http2Routes: Record<string, ProtocolRoute> = {
  'h2-silence': route('says nothing', says(''), unanswered, unanswered),
  'h2-silence-behind-settings': route(
    'its SETTINGS and nothing more',
    says(settings),
    unanswered,
    unanswered,
  ),
  'h2-slow-settings': route('half of its SETTINGS', oneByOne('\0\0\0\u0004'), unanswered, unanswered),
  'h2-http-1': route('answers as HTTP/1.1', says('HTTP/1.1 400 Bad Request\r\n\r\n'), notHttp2, comesBack),
  'h2-garbage': route('random bytes', says(Buffer.alloc(100, 0xa5)), notHttp2, comesBack),
  'h2-goaway-at-once': route(
    'a GOAWAY in place of an answer',
    says(Buffer.concat([settings, goaway(11)])),
    /^server-reset unanswered, 0 events.*: \S/,
    comesBack,
  ),
  'h2-settings-flood': route(
    'SETTINGS without an end, and reads nothing',
    (socket) => {
      socket.pause();
      steadily(Buffer.alloc(9000, settings))(socket, '', 0);
    },
    /^(protocol-error|client|server-reset) unanswered, 0 events/,
    /^client unanswered, 0 events/,
  ),
  'h2-ping-flood': route(
    'PINGs without an end, and reads nothing',
    (socket) => {
      socket.pause();
      socket.write(settings);
      steadily(Buffer.alloc(17_000, ping))(socket, '', 0);
    },
    /^(protocol-error|client|server-reset) unanswered, 0 events/,
    /^client unanswered, 0 events/,
  ),
  'h2-large-headers': route(
    'a head of a megabyte',
    whenAsked((socket) => {
      socket.write(frame(types.headers, 0, 1, Buffer.concat([eventStream, manyFields])));
      for (let count = 0; count < 100; count += 1)
        socket.write(frame(types.continuation, count === 99 ? END_HEADERS : 0, 1, manyFields));
    }),
    /^(server-reset|protocol-error) unanswered, 0 events.*: \S/,
    comesBack,
  ),
  'h2-continuation-flood': route(
    'a head without an end',
    whenAsked(floods(frame(types.headers, 0, 1, eventStream), frame(types.continuation, 0, 1, manyFields))),
    /^(server-reset|protocol-error) unanswered, 0 events.*: \S/,
    comesBack,
  ),
  'h2-empty-continuations': route(
    'CONTINUATIONs with nothing in them, for ever',
    whenAsked(
      floods(frame(types.headers, 0, 1, eventStream), Buffer.alloc(9000, frame(types.continuation, 0, 1))),
    ),
    /^(server-reset|protocol-error|client) unanswered, 0 events/,
    /^client unanswered, 0 events/,
  ),
  'h2-beyond-the-window': route(
    'data without regard to the window',
    whenAsked(
      floods(
        Buffer.concat([accepting, hello]),
        frame(types.data, 0, 1, Buffer.alloc(16_000, ': comment\n\n')),
      ),
    ),
    /^(client|server-reset|protocol-error) 200, 1 events/,
    /^(client (unanswered|200)|protocol-error 200), \d+ events/,
  ),
  'h2-endless-line': route(
    'a line without an end',
    whenAsked(floods(accepting, frame(types.data, 0, 1, Buffer.alloc(16_000, 'x')))),
    /^protocol-error 200, 0 events.*: line of more than/,
    /^protocol-error 200, 0 events.*: line of more than/,
  ),
  'h2-empty-data': route(
    'DATA with nothing in them, for ever',
    whenAsked(floods(Buffer.concat([accepting, hello]), Buffer.alloc(9000, frame(types.data, 0, 1)))),
    /^(client|server-reset|protocol-error) 200, 1 events/,
    /^client (unanswered|200), \d+ events/,
  ),
  'h2-unknown-frames': route(
    'frames of no known kind, for ever',
    whenAsked(floods(Buffer.concat([accepting, hello]), Buffer.alloc(9000, frame(0xfa, 0, 0)))),
    /^(client|protocol-error) 200, 1 events/,
    /^client (unanswered|200), \d+ events/,
  ),
};

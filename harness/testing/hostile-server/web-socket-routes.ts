import { createHash } from 'node:crypto';
import { opcodes } from '../../streams/frames.ts';
import { closePayload, serverFrame } from '../../streams/testing/server-frame.ts';
import { type ProtocolRoute, steadily } from './protocol-route.ts';
import { type HostileRoute, oneByOne, says } from './route.ts';

type Act = HostileRoute['act'];

/** RFC 6455 §1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const switching = 'HTTP/1.1 101 Switching Protocols\r\n';
const upgrading = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
const { text, continuation, ping, pong, close } = opcodes;
const hello = serverFrame({ opcode: text, payload: 'hello' });

/** The head that accepts a WebSocket. */
function acceptingHead(request: string): string {
  const key = /^sec-websocket-key: *(\S+)/im.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}${guid}`).digest('base64');
  return `${switching}${upgrading}Sec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** Accepts, and then acts. */
function accepts(act: Act): Act {
  return (socket, request, port) => {
    socket.write(acceptingHead(request));
    act(socket, request, port);
  };
}

const route = (does: string, act: Act, raw: RegExp): ProtocolRoute => ({
  does,
  protocol: 'websocket',
  at: 'request',
  act,
  raw,
});

const goesOn = /^client 101, 1 events/;
const unanswered = /^client unanswered, 0 events/;

export const webSocketRoutes: Record<string, ProtocolRoute> = {
  'ws-endless-message': route(
    'one message in fragments without an end',
    accepts((socket, request, port) => {
      socket.write(serverFrame({ opcode: text, isFinal: false }));
      const piece = serverFrame({ opcode: continuation, payload: 'x'.repeat(65_000), isFinal: false });
      steadily(piece)(socket, request, port);
    }),
    /^protocol-error 101, 0 events.*: message of more than \d+ bytes/,
  ),
  'ws-empty-fragments': route(
    'one message in fragments without anything in them, for ever',
    accepts((socket, request, port) => {
      socket.write(Buffer.concat([hello, serverFrame({ opcode: text, isFinal: false })]));
      const pieces = Buffer.alloc(4000, serverFrame({ opcode: continuation, isFinal: false }));
      steadily(pieces)(socket, request, port);
    }),
    goesOn,
  ),
  'ws-huge-length': route(
    'a frame that says it has 8 EB',
    accepts(says(serverFrame({ opcode: text, length: 2n ** 63n - 1n }))),
    /^protocol-error 101, 0 events.*: message of more than \d+ bytes/,
  ),
  'ws-ping-flood': route(
    'pings without an end, and reads none of what comes back',
    accepts((socket, request, port) => {
      socket.pause();
      socket.write(hello);
      steadily(Buffer.alloc(127 * 200, serverFrame({ opcode: ping, payload: 'x'.repeat(125) })))(
        socket,
        request,
        port,
      );
    }),
    goesOn,
  ),
  'ws-pong-flood': route(
    'pongs that nobody asked for, without an end',
    accepts((socket, request, port) => {
      socket.write(hello);
      steadily(Buffer.alloc(4000, serverFrame({ opcode: pong })))(socket, request, port);
    }),
    goesOn,
  ),
  'ws-close-flood': route(
    'close frames without an end, and no end of the connection',
    accepts((socket, request, port) => {
      socket.write(hello);
      steadily(Buffer.alloc(3500, serverFrame({ opcode: close, payload: closePayload(1000, 'bye') })))(
        socket,
        request,
        port,
      );
    }),
    // A page leaves at the goodbye.
    /^(client|server-end) 101, 1 events/,
  ),
  'ws-wrong-accept': route(
    'a 101 for another key',
    says(`${switching}${upgrading}Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n`),
    /^protocol-error 101, 0 events.*: status 101 with a wrong Sec-WebSocket-Accept/,
  ),
  'ws-without-accept': route(
    'a 101 without an answer to the key',
    says(`${switching}${upgrading}\r\n`),
    /^protocol-error 101, 0 events.*: status 101 with a wrong Sec-WebSocket-Accept/,
  ),
  'ws-without-upgrade': route(
    'a 101 without Upgrade',
    (socket, request) => void socket.write(acceptingHead(request).replace(/^Upgrade: .*\r\n/m, '')),
    /^protocol-error 101, 0 events.*: status 101 with Upgrade ""/,
  ),
  'ws-other-upgrade': route(
    'a 101 to another protocol',
    (socket, request) =>
      void socket.write(acceptingHead(request).replace('Upgrade: websocket', 'Upgrade: h2c')),
    /^protocol-error 101, 0 events.*: status 101 with Upgrade "h2c"/,
  ),
  'ws-extension': route(
    'an extension that nobody asked for',
    (socket, request) =>
      void socket.write(
        acceptingHead(request).replace(
          '\r\n\r\n',
          '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n',
        ),
      ),
    /^protocol-error 101, 0 events.*: WebSocket extension "permessage-deflate"/,
  ),
  'ws-garbage': route(
    'a page of HTML behind the 101',
    accepts(says('<!doctype html><html>hello</html>')),
    /^protocol-error 101, 0 events.*: WebSocket frame/,
  ),
  'ws-slow-handshake': route(
    'the 101, one byte a packet, and then never its end',
    oneByOne(`${switching}${upgrading}`),
    unanswered,
  ),
  'ws-not-switched': route(
    'a 200 in place of the 101',
    says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    /^protocol-error 200, 0 events.*: status 200 instead of 101/,
  ),
  'ws-cut': route(
    'a connection that ends without a close frame',
    accepts(says(hello, 'close')),
    /^server-reset 101, 1 events.*: the connection was closed without a close frame/,
  ),
};

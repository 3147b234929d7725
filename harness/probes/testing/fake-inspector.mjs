// A server that says of itself to be a Node's inspector. Runs in a target: see fake-inspector.ts.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

/** What our questions get from Node, as far as anybody reads it. */
const ANSWERS = {
  'Runtime.getHeapUsage': { usedSize: 5_000_000 },
  'Runtime.evaluate': { result: { value: '1000 2000' } },
};
const LIST = JSON.stringify([{ type: 'node', webSocketDebuggerUrl: 'ws://127.0.0.1:1/fake' }]);
/** RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const [TEXT, CLOSE] = [0x81, 0x88];

/**
 * Begins to listen on a free port, which it returns. `list` answers who asks for its sessions; `upgrades`: it takes connections; `reply` is what
 * it says to a question, by the right answer and its id: undefined for nothing, a text as it is, all else as JSON.
 */
export async function startFakeInspector({ list = null, upgrades = true, reply }) {
  const server = createServer((_request, response) => (list === null ? response.end(LIST) : list(response)));
  server.on('upgrade', (request, socket) => {
    socket.on('error', () => {});
    if (!upgrades) return;
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${GUID}`)
      .digest('base64');
    const head = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    socket.write(`${[...head, `Sec-WebSocket-Accept: ${accept}`].join('\r\n')}\r\n\r\n`);
    let held = Buffer.alloc(0);
    socket.on('data', (bytes) => {
      held = Buffer.concat([held, bytes]);
      for (;;) {
        const frame = takeFrame(held);
        if (frame === null) return;
        held = held.subarray(frame.size);
        if (frame.first === CLOSE) {
          socket.end(Buffer.from([CLOSE, 0]));
          return;
        }
        const { id, method } = JSON.parse(frame.text);
        const said = reply({ id, result: ANSWERS[method] ?? {} });
        if (said !== undefined) socket.write(frameOf(typeof said === 'string' ? said : JSON.stringify(said)));
      }
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

/** Of a client, whose frames are masked; null: there is no whole one yet. */
function takeFrame(held) {
  const isLong = (held[1] & 127) === 126;
  const start = isLong ? 8 : 6;
  if (held.length < start) return null;
  const size = start + (isLong ? held.readUInt16BE(2) : held[1] & 127);
  if (held.length < size) return null;
  const mask = held.subarray(start - 4, start);
  const text = held.subarray(start, size).map((byte, i) => byte ^ mask[i % 4]);
  return { first: held[0], size, text: text.toString() };
}

function frameOf(text) {
  const bytes = Buffer.from(text);
  const size = bytes.length < 126 ? [bytes.length] : [126, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from([TEXT, ...size]), bytes]);
}

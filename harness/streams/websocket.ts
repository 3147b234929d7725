import { createHash, randomBytes } from 'node:crypto';
import { quote } from './foreign-text.ts';
import { FrameReader } from './frame-reader.ts';
import { clientFrame, closeFrame, opcodes } from './frames.ts';
import type { ResponseHead } from './http-response-parser.ts';
import type { Protocol } from './protocol.ts';
import { accepted, type ResponseKind, refusalKind } from './response-kind.ts';

/** RFC 6455 §1.3. */
const acceptGuid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const normalClosure = 1000;

/**
 * RFC 6455 over HTTP/1.1, without extensions: each message is an event. A refusal is an HTTP status in place of the 101, or a close
 * code behind it.
 */
export const websocket: Protocol = {
  name: 'websocket',
  describes: "WebSocket: each message is an event, a close frame is the server's goodbye",
  transport: 'http/1.1',
  headers: {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': '{nonce}',
  },
  switches: true,
  judge,
  createReader: (options) => new FrameReader(options),
  // Both ends of a WebSocket close by frames, and there is one request on its connection.
  lacks: new Set(['pipelined', 'http-1.0', 'half-close']),
  nonce: () => randomBytes(16).toString('base64'),
  message: (text) => clientFrame(opcodes.text, Buffer.from(text)),
  farewell: () => closeFrame(normalClosure),
};

/** RFC 6455 §4.1: what a client has to check. */
function judge({ status, headers }: ResponseHead, nonce: string): ResponseKind {
  if (status === 200) {
    return {
      kind: 'protocol-error',
      error: 'status 200 instead of 101: the server did not switch to WebSocket',
    };
  }
  if (status !== 101) return refusalKind({ status, headers }) ?? accepted;
  const wrong = wrongUpgrade(headers, nonce);
  return wrong === null ? accepted : { kind: 'protocol-error', error: wrong };
}

function wrongUpgrade(headers: ResponseHead['headers'], nonce: string): string | null {
  const upgrade = headers.get('upgrade') ?? '';
  if (upgrade.toLowerCase() !== 'websocket') return `status 101 with Upgrade ${quote(upgrade)}`;
  const connection = headers.get('connection') ?? '';
  if (!/(^|,)[\t ]*upgrade[\t ]*(,|$)/i.test(connection))
    return `status 101 with Connection ${quote(connection)}`;
  const expected = createHash('sha1').update(`${nonce}${acceptGuid}`).digest('base64');
  if (headers.get('sec-websocket-accept') !== expected) return 'status 101 with a wrong Sec-WebSocket-Accept';
  const extension = headers.get('sec-websocket-extensions');
  return extension === undefined ? null : `WebSocket extension ${quote(extension)}, which was not asked for`;
}

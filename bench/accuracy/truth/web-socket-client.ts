import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import type { StreamClient } from './stream-client.ts';

/** RFC 6455, section 5.2. */
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };
const NORMAL_CLOSURE = 1000;

/** The same as the client of event streams, over a WebSocket: messages are its events. It answers pings and closes. */
export function openWebSocket({ port, path }: { port: number; path: string }): StreamClient {
  const socket = connect(port, '127.0.0.1');
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  socket.on('error', () => {}); // resets are part of it

  let unread = Buffer.alloc(0);
  let status: number | null = null;
  let closeCode: number | null = null;
  let eventCount = 0;
  const answer = Promise.withResolvers<number | null>();
  const end = Promise.withResolvers<void>();

  const onFrame = ({ opcode, payload }: Frame) => {
    if (opcode === opcodes.text) {
      eventCount++;
      answer.resolve(status);
    } else if (opcode === opcodes.ping) {
      socket.write(frameOf(opcodes.pong, payload));
    } else if (opcode === opcodes.close) {
      closeCode ??= payload.length < 2 ? null : payload.readUInt16BE();
      socket.write(frameOf(opcodes.close, payload)); // the server ends the connection when it has this
    }
  };
  socket.on('data', (bytes) => {
    unread = unread.length === 0 ? bytes : Buffer.concat([unread, bytes]);
    if (status === null) {
      const headEnd = unread.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      status = Number(unread.toString('latin1', 9, 12));
      unread = unread.subarray(headEnd + 4);
    }
    if (status !== 101) return;
    for (let frame = readFrame(unread); frame !== null; frame = readFrame(unread)) {
      unread = unread.subarray(frame.byteCount);
      onFrame(frame);
    }
  });
  socket.on('close', () => {
    // One that is refused with a close code never sends a message.
    answer.resolve(closeCode ?? status);
    end.resolve();
  });
  return {
    answered: answer.promise,
    closed: end.promise,
    get eventCount() {
      return eventCount;
    },
    contentType: null,
    stall: () => void socket.pause(),
    leave(how) {
      if (how === 'rst') socket.resetAndDestroy();
      else if (status === 101) socket.resume().write(frameOf(opcodes.close, codeOf(NORMAL_CLOSURE)));
      else socket.resume().end();
    },
  };
}

interface Frame {
  opcode: number;
  payload: Buffer;
  /** With its head. */
  byteCount: number;
}

/** Null: not all of it is there. A server does not mask. */
function readFrame(bytes: Buffer): Frame | null {
  if (bytes.length < 2) return null;
  const short = bytes.readUInt8(1) & 0x7f;
  const headLength = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < headLength) return null;
  const length =
    short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const byteCount = headLength + length;
  if (bytes.length < byteCount) return null;
  return { opcode: bytes.readUInt8(0) & 0x0f, payload: bytes.subarray(headLength, byteCount), byteCount };
}

/** Of a control frame, whose payload has at most 125 bytes. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([Buffer.of(0x80 | opcode, 0x80 | payload.length), mask, masked]);
}

function codeOf(code: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return payload;
}

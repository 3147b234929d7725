import { isUtf8 } from 'node:buffer';
import { maxEventBytes } from './event-reader.ts';
import { clientFrame, closeFrame, opcodes } from './frames.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { MessageReader } from './message-reader.ts';

/** A control frame has no more (RFC 6455 §5.5). */
const maxControlBytes = 125;
const longestHead = 10;
/** No status code was in the close frame, or there was none (RFC 6455 §7.4.1): these are never sent. */
export const noStatus = 1005;
const abnormal = 1006;

/**
 * Reads the frames of a WebSocket (RFC 6455 §5): each message of text or bytes is an event. Answers pings and the close, and is
 * strict where leniency would hide a server's fault: no masks, no extensions, no control frame in pieces, text in UTF-8.
 */
export class FrameReader extends MessageReader {
  /** Head of the frame that is coming, as far as it has. */
  readonly #head = Buffer.alloc(longestHead);
  #headBytes = 0;
  /** Of its payload, what is still to come; null: its head is not complete. */
  #remainingBytes: number | null = null;
  #opcode = 0;
  #isFinal = false;
  /** Payload of a ping or a close, which may come between the frames of a message. */
  readonly #control = new GrowingBuffer();
  /** The message so far. */
  readonly #message = new GrowingBuffer();
  /** Its kind; 0: none has begun. */
  #messageOpcode = 0;
  #isClosed = false;

  get isInside(): boolean {
    return this.#headBytes > 0 || this.#messageOpcode !== 0;
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length && this.failure === null && !this.#isClosed) {
      if (this.#remainingBytes === null) {
        this.#head[this.#headBytes++] = bytes[offset++] ?? 0;
        this.#readHead();
      } else {
        const end = Math.min(bytes.length, offset + this.#remainingBytes);
        this.#take(bytes.subarray(offset, end));
        this.#remainingBytes -= end - offset;
        offset = end;
      }
      if (this.#remainingBytes === 0 && this.failure === null) this.#endFrame();
    }
  }

  finish(): string | null {
    if (this.failure !== null || this.#isClosed) return this.failure;
    return `the connection was closed without a close frame (${abnormal})`;
  }

  restart(): void {
    this.#headBytes = 0;
    this.#remainingBytes = null;
    this.#control.clear();
    this.#dropMessage();
    this.#isClosed = false;
  }

  #readHead(): void {
    if (this.#headBytes < 2) return;
    const [first = 0, second = 0] = this.#head;
    const short = second & 0x7f;
    const headBytes = short === 126 ? 4 : short === 127 ? 10 : 2;
    this.#opcode = first & 0x0f;
    this.#isFinal = (first & 0x80) !== 0;
    if (this.#headBytes === 2) this.#failure(this.#wrongHead(first, second));
    if (this.#headBytes < headBytes || this.failure !== null) return;
    const length =
      headBytes === 2
        ? BigInt(short)
        : headBytes === 4
          ? BigInt(this.#head.readUInt16BE(2))
          : this.#head.readBigUInt64BE(2);
    if (headBytes > 2 && length < (headBytes === 4 ? 126n : 65_536n)) {
      this.#failure('WebSocket frame whose length is not in its shortest form');
      return;
    }
    const isControl = this.#opcode >= opcodes.close;
    if (!isControl && length + BigInt(this.#message.length) > BigInt(maxEventBytes)) {
      this.#failure(`message of more than ${maxEventBytes} bytes`);
      return;
    }
    if (!isControl && this.#opcode !== opcodes.continuation) this.#messageOpcode = this.#opcode;
    this.#remainingBytes = Number(length);
  }

  /** In words what is wrong with the first two bytes of a frame; null: nothing. */
  #wrongHead(first: number, second: number): string | null {
    const opcode = this.#opcode;
    if ((first & 0x70) !== 0)
      return 'WebSocket frame with reserved bits, for an extension that was not asked for';
    if ((second & 0x80) !== 0) return 'WebSocket frame that is masked: a server sends none';
    if (opcode >= opcodes.close) {
      if (opcode > opcodes.pong) return `WebSocket frame of the unknown kind ${opcode}`;
      if (!this.#isFinal) return 'WebSocket control frame in pieces';
      return (second & 0x7f) > maxControlBytes ? 'WebSocket control frame of more than 125 bytes' : null;
    }
    if (opcode > opcodes.binary) return `WebSocket frame of the unknown kind ${opcode}`;
    const isContinued = this.#messageOpcode !== 0;
    if ((opcode === opcodes.continuation) === isContinued) return null;
    return isContinued
      ? 'WebSocket message that begins inside of another one'
      : 'WebSocket frame that continues no message';
  }

  #take(payload: Buffer): void {
    (this.#opcode >= opcodes.close ? this.#control : this.#message).append(payload);
  }

  #endFrame(): void {
    this.#headBytes = 0;
    this.#remainingBytes = null;
    if (this.#opcode >= opcodes.close) {
      this.#endControl(this.#control.take());
    } else if (this.#isFinal) this.#endMessage();
  }

  #endMessage(): void {
    const opcode = this.#messageOpcode;
    const payload = this.#message.take();
    this.#messageOpcode = 0;
    if (opcode === opcodes.text && !isUtf8(payload)) {
      this.#failure('WebSocket text message that is no UTF-8');
      return;
    }
    const data = payload.toString(opcode === opcodes.text ? 'utf8' : 'latin1');
    const { replies } = this.options;
    const reply = Object.hasOwn(replies, data) ? replies[data] : undefined;
    if (reply !== undefined) this.options.send(clientFrame(opcodes.text, Buffer.from(reply)));
    this.deliver(data);
  }

  #endControl(payload: Buffer): void {
    if (this.#opcode === opcodes.ping) this.options.send(clientFrame(opcodes.pong, payload));
    if (this.#opcode !== opcodes.close) return;
    if (payload.length === 1 || !isUtf8(payload.subarray(2))) {
      this.#failure('malformed WebSocket close frame');
      return;
    }
    const code = payload.length === 0 ? noStatus : payload.readUInt16BE(0);
    if (payload.length > 0 && !maySend(code)) {
      this.#failure(`WebSocket close frame with the code ${code}, which nobody may send`);
      return;
    }
    this.#isClosed = true;
    this.options.onGoodbye(code, payload.toString('utf8', 2));
    // A close frame is answered with the same code (RFC 6455 §5.5.1).
    this.options.send(closeFrame(code === noStatus ? null : code));
  }

  #failure(words: string | null): void {
    this.failure ??= words;
    if (words !== null) this.#dropMessage();
  }

  #dropMessage(): void {
    this.#message.clear();
    this.#messageOpcode = 0;
  }
}

/** Codes that stand in close frames: those that are registered, and those for libraries and applications (RFC 6455 §7.4). */
function maySend(code: number): boolean {
  const isRegistered =
    code >= 1000 && code <= 1014 && code !== 1004 && code !== noStatus && code !== abnormal;
  return isRegistered || (code >= 3000 && code <= 4999);
}

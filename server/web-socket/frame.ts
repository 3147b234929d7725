/** RFC 6455, section 5.2: the last and only frame of a text message. A server does not mask. */
const FIN_TEXT = 0x81;

/** With a length of 64 bits. */
export const maxFrameHeadBytes = 10;

/** Writes the head of a text frame at an offset, and returns how long it is. */
export function frameHead(into: Buffer, at: number, payloadBytes: number): number {
  into[at] = FIN_TEXT;
  if (payloadBytes < 126) {
    into[at + 1] = payloadBytes;
    return 2;
  }
  if (payloadBytes < 65_536) {
    into[at + 1] = 126;
    into.writeUInt16BE(payloadBytes, at + 2);
    return 4;
  }
  into[at + 1] = 127;
  into.writeBigUInt64BE(BigInt(payloadBytes), at + 2);
  return maxFrameHeadBytes;
}

export function textFrame(text: string): Buffer {
  const frame = Buffer.allocUnsafe(maxFrameHeadBytes + Buffer.byteLength(text));
  const headBytes = frameHead(frame, 0, Buffer.byteLength(text));
  return frame.subarray(0, headBytes + frame.write(text, headBytes));
}

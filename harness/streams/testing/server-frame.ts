interface FrameParts {
  opcode: number;
  payload?: string | Buffer;
  /** Default true. */
  isFinal?: boolean;
  /** The three bits behind FIN. */
  reserved?: number;
  masked?: boolean;
  /** How many bytes say the length; default: as few as can. */
  lengthBytes?: 0 | 2 | 8;
  /** What they say; default: the length. */
  length?: bigint;
}

/** A frame of a WebSocket as a server sends it, or as none may. */
export function serverFrame({
  opcode,
  payload = '',
  isFinal = true,
  reserved = 0,
  masked = false,
  lengthBytes,
  length,
}: FrameParts): Buffer {
  const bytes = Buffer.from(payload as string);
  const says = length ?? BigInt(bytes.length);
  const extra = lengthBytes ?? (says < 126n ? 0 : says < 65_536n ? 2 : 8);
  const head = Buffer.alloc(2 + extra);
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (extra === 0 ? Number(says) : extra === 2 ? 126 : 127);
  if (extra === 2) head.writeUInt16BE(Number(says), 2);
  if (extra === 8) head.writeBigUInt64BE(says, 2);
  return Buffer.concat([head, masked ? Buffer.alloc(4) : Buffer.alloc(0), bytes]);
}

export function closePayload(code: number, reason: string | Buffer = ''): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason as string)]);
}

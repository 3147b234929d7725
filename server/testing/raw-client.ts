import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

/** A client that shows the bytes of the wire, and can behave as badly as a test needs. */
export interface RawClient {
  readonly socket: Socket;
  /** Everything received, heads and chunk framing included. */
  readonly text: string;
  readonly receivedBytes: number;
  readonly isClosed: boolean;
  /** Status of the first response, null before it came. */
  readonly status: number | null;
  /** The body of the first response with its chunk framing taken off, as far as it has come. */
  readonly body: string;
  /** The last chunk of the first response has come. */
  readonly isComplete: boolean;
  send(text: string): void;
  answered(): Promise<number | null>;
  received(text: string): Promise<void>;
  closed(): Promise<void>;
}

export interface RawClientOptions {
  port: number;
  /** What to send at once. */
  request?: string;
  /** Count what comes instead of keeping it. */
  countOnly?: boolean;
}

export function openRawClient({ port, request, countOnly = false }: RawClientOptions): RawClient {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let receivedBytes = 0;
  socket.on('data', (chunk) => {
    receivedBytes += chunk.length;
    if (!countOnly) chunks.push(chunk);
  });
  socket.on('error', () => {}); // a reset is part of many tests
  let isClosed = false;
  socket.on('close', () => {
    isClosed = true;
  });
  if (request !== undefined) socket.write(request);

  const client: RawClient = {
    socket,
    get text() {
      return Buffer.concat(chunks).toString('utf8');
    },
    get receivedBytes() {
      return receivedBytes;
    },
    get isClosed() {
      return isClosed;
    },
    get status() {
      const [, digits] = /^HTTP\/1\.1 (\d{3}) /.exec(client.text) ?? [];
      return digits === undefined ? null : Number(digits);
    },
    get body() {
      return dechunk(Buffer.concat(chunks)).body;
    },
    get isComplete() {
      return dechunk(Buffer.concat(chunks)).isComplete;
    },
    send: (text) => void socket.write(text),
    async answered() {
      await until('an answer', () => client.status !== null || isClosed);
      return client.status;
    },
    async received(text) {
      // Each chunk is looked at once: joining all of them at every look would keep a core busy.
      let next = 0;
      let end = Buffer.alloc(0);
      await until(`${JSON.stringify(text)} from the server`, () => {
        for (; next < chunks.length; next += 1) {
          const bytes = Buffer.concat([end, chunks[next] ?? end]);
          if (bytes.includes(text)) return true;
          end = bytes.subarray(-text.length);
        }
        return false;
      });
    },
    closed: () => until('the end of the connection', () => isClosed),
  };
  return client;
}

/** Takes the head and the framing of RFC 9112, section 7.1, off a response; a torn chunk counts as far as it came. */
function dechunk(bytes: Buffer): { body: string; isComplete: boolean } {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return { body: '', isComplete: false };
  if (!/^transfer-encoding: chunked\r?$/im.test(bytes.subarray(0, headEnd).toString('latin1'))) {
    return { body: bytes.subarray(headEnd + 4).toString('utf8'), isComplete: true };
  }
  const pieces: Buffer[] = [];
  let at = headEnd + 4;
  let isComplete = false;
  while (!isComplete) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) break;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    pieces.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
    isComplete = size === 0;
  }
  return { body: Buffer.concat(pieces).toString('utf8'), isComplete };
}

export function streamRequest(workflowId: string, headers: Record<string, string> = {}): string {
  return getRequest(`/api/events/${workflowId}/stream`, headers);
}

export function getRequest(target: string, headers: Record<string, string> = {}): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\nHost: test\r\n${lines.join('')}\r\n`;
}

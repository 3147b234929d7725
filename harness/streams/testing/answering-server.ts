import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Answer } from './conformance-case.ts';

/** One request, in the order in which the connections came. */
export interface SeenRequest {
  path: string;
  /** Lower-case name → value, read as UTF-8. */
  headers: ReadonlyMap<string, string>;
}

export interface AnsweringServer {
  origin: string;
  /** One a connection, null until its request is whole. */
  requests: readonly (SeenRequest | null)[];
  /** Breaks off whatever is open. */
  close(): Promise<void>;
}

/** Requests to this path are seen but take no answer away. */
export const probePath = '/probe';

/**
 * A server on a free port of 127.0.0.1 that says to the nth request exactly what the nth answer says, in one piece or,
 * as far as the kernel plays along, one byte a packet. Requests behind the last answer are held without one.
 * Written on sockets: node:http would not send these bytes as they are.
 */
export async function startAnsweringServer(
  answers: readonly Answer[],
  pieces: 'whole' | 'bytes',
): Promise<AnsweringServer> {
  const requests: (SeenRequest | null)[] = [];
  const sockets = new Set<Socket>();
  let answeredCount = 0;

  const server = createServer((socket) => {
    const index = requests.push(null) - 1;
    let text = '';
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('close', () => sockets.delete(socket));
    // A client may break off at any time: what it sees is asserted at its own end.
    socket.on('error', () => {});
    socket.on('data', (bytes: Buffer) => {
      if (requests[index] !== null) return;
      text += bytes.toString('latin1');
      if (!text.endsWith('\r\n\r\n')) return;
      const request = parseRequest(text);
      requests[index] = request;
      const next = request.path.startsWith(probePath) ? undefined : answers[answeredCount++];
      if (next !== undefined) send(socket, Buffer.from(next.head + next.body), pieces);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function parseRequest(text: string): SeenRequest {
  const [first = '', ...lines] = text.trimEnd().split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    const value = Buffer.from(line.slice(colon + 1).trim(), 'latin1').toString();
    return [line.slice(0, colon).toLowerCase(), value];
  });
  return { path: first.split(' ')[1] ?? '', headers: new Map(headers) };
}

function send(socket: Socket, bytes: Buffer, pieces: 'whole' | 'bytes'): void {
  if (pieces === 'whole') {
    socket.write(bytes);
    return;
  }
  const next = (index: number): void => {
    if (index === bytes.length || socket.destroyed) return;
    socket.write(bytes.subarray(index, index + 1), () => setImmediate(next, index + 1));
  };
  next(0);
}

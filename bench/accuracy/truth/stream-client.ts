import { connect } from 'node:net';

/** A client of its own, on bare sockets (for WebSockets, too): what it finds must not depend on the harness whose findings it is to check. */
export interface StreamClient {
  /** Resolves with the status at the first event, or at the end of a response without one: of a WebSocket then with the code that it was closed with. Null: nothing came. */
  answered: Promise<number | null>;
  closed: Promise<void>;
  readonly eventCount: number;
  /** Of the response, or null: none has come, or it is a WebSocket. */
  readonly contentType: string | null;
  /** Reads nothing from now on. */
  stall(): void;
  /** In order (with a close frame, or else a FIN), as a page that is closed, or a RST, as a process that is killed. */
  leave(how: 'fin' | 'rst'): void;
}

export interface StreamOptions {
  port: number;
  path: string;
  headers?: Record<string, string>;
}

export function openStream({ port, path, headers = {} }: StreamOptions): StreamClient {
  const socket = connect(port, '127.0.0.1');
  const lines = Object.entries({
    Host: `127.0.0.1:${port}`,
    Accept: 'text/event-stream',
    'Cache-Control': 'no-cache',
    Connection: 'keep-alive',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  socket.on('error', () => {}); // resets are part of it

  let head = '';
  let eventCount = 0;
  const answer = Promise.withResolvers<number | null>();
  const end = Promise.withResolvers<void>();
  const status = () => (/^HTTP\/1\.1 \d{3}/.test(head) ? Number(head.slice(9, 12)) : null);
  socket.setEncoding('latin1').on('data', (text: string) => {
    if (eventCount === 0 && head.length < 1000) head += text;
    for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n', at + 2)) eventCount++;
    if (eventCount > 0) answer.resolve(status());
  });
  socket.on('close', () => {
    answer.resolve(status());
    end.resolve();
  });
  return {
    answered: answer.promise,
    closed: end.promise,
    get eventCount() {
      return eventCount;
    },
    get contentType() {
      return /^content-type: (.*?)\r?$/im.exec(head)?.[1] ?? null;
    },
    stall: () => void socket.pause(),
    leave(how) {
      // What has not been read would keep a paused socket from ever seeing the end.
      if (how === 'fin') socket.resume().end();
      else socket.resetAndDestroy();
    },
  };
}

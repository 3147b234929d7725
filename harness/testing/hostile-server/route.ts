import type { Socket } from 'node:net';

/** A bad peer: what it does on each connection, and what clients have to make of it. */
export interface HostileRoute {
  /** One line for people. */
  does: string;
  /** When it acts: once the connection stands, or once a request's head has come. */
  at: 'connect' | 'request';
  /** The URL is https. `certificate`: with a handshake and a certificate of its own; `none`: it answers the handshake itself. */
  tls?: 'certificate' | 'none';
  /** `request`: empty at `connect`; `port`: the one that it listens at. */
  act(socket: Socket, request: string, port: number): void;
  /** What the raw client's record has to say, as `recordLine` writes it. */
  raw: RegExp;
  /** The same of a tab's. */
  tab: RegExp;
  /** What short requests have to say, as `floodLine` writes it. */
  flood: RegExp;
}

type Act = HostileRoute['act'];

export const okHead = 'HTTP/1.1 200 OK\r\n';
export const eventsHead = `${okHead}Content-Type: text/event-stream\r\n`;
/** Of an event stream that ends with its connection. */
export const plainHead = `${eventsHead}\r\n`;
export const chunkedHead = `${eventsHead}Transfer-Encoding: chunked\r\n\r\n`;
export const hello = 'id: 1\ndata: hello\n\n';

export function chunk(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text as string);
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

/** Sends fixed bytes and, unless it stays, closes. */
export function says(bytes: string | Buffer, then: 'stay' | 'close' = 'stay'): Act {
  return (socket) => {
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    if (then === 'close') socket.end();
  };
}

/** Writes as fast as the client takes it, without an end. `piece` may differ from one time to the next. */
export function forEver(first: string, piece: string | Buffer | (() => string | Buffer)): Act {
  const fixed = typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece;
  return (socket) => {
    socket.write(Buffer.from(first, 'latin1'));
    const more = (): void => {
      while (socket.writable && socket.write(typeof fixed === 'function' ? fixed() : fixed));
    };
    socket.on('drain', more);
    more();
  };
}

/** Writes `count` pieces, no faster than the client takes them, then `last`, and closes. */
export function manyTimes(first: string, piece: Buffer, count: number, last: string): Act {
  return (socket) => {
    socket.write(Buffer.from(first, 'latin1'));
    let left = count;
    const more = (): void => {
      while (left > 0 && socket.writable) {
        left -= 1;
        if (!socket.write(piece)) return;
      }
      if (left === 0) {
        left = -1;
        socket.end(Buffer.from(last, 'latin1'));
      }
    };
    socket.on('drain', more);
    more();
  };
}

/** One byte a packet, as far as the kernel plays along. */
export function oneByOne(text: string): Act {
  const bytes = Buffer.from(text);
  return (socket) => {
    const next = (index: number): void => {
      if (index === bytes.length || !socket.writable) return;
      socket.write(bytes.subarray(index, index + 1), () => setImmediate(next, index + 1));
    };
    next(0);
  };
}

/** A finite answer of a form that short requests can count. */
export function answers(status: string, headers = '', body = ''): string {
  return `HTTP/1.1 ${status}\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** What a stream has to say that was well until its client left. */
export const goesOn = /^client 200\b/;
/** Short requests that were never answered to their end. */
export const noAnswer = /^(?=.*[1-9]\d* (errors|time-outs))(?!.*×)/;

import type { RequestTarget } from './http-request.ts';
import type { ResponseHead } from './http-response-parser.ts';

/** How a response came to its end. */
export type ExchangeOver =
  /** Properly: all of it is there. */
  | { how: 'complete' }
  /** No connection could be made. */
  | { how: 'connect-failed'; error: string }
  /** The connection broke before the end. */
  | { how: 'cut'; error: string }
  /** What came is not the protocol. */
  | { how: 'malformed'; error: string };

/** Is told what comes. Behind `leave` it is told of nothing but `onClosed`. */
export interface ExchangeSink {
  /** The connection stands, and TLS upon it; `localPort`: the client's. */
  onConnected(localPort: number): void;
  /** Bytes have come, those of framing included; called before they are looked at. */
  onReceived(byteCount: number): void;
  onHead(head: ResponseHead): void;
  /** Views of what came: copy what you keep. */
  onBody(bytes: Buffer): void;
  /** A chunk of the body, or a frame of HTTP/2, ends here. */
  onChunkEnd(): void;
  /** All that came at once has been looked at, and the response goes on. */
  onPiece(bytes: Buffer): void;
  /** Once. The connection may be open still: who is told of it leaves. */
  onOver(over: ExchangeOver): void;
  /** Nothing of it is left in this process. Once, and last. */
  onClosed(): void;
}

/** What only some clients want. */
export interface ExchangeOptions {
  /** Dialled instead of the request's target, which stays in Host and path. */
  via?: RequestTarget | undefined;
  localAddress?: string | undefined;
  localPort?: number | undefined;
  /** Ends its own side behind the request, and reads on. */
  halfCloses?: boolean | undefined;
  /** Reads nothing, ever: neither a response nor its end. */
  neverReads?: boolean | undefined;
  /** Takes at most so many bytes from the kernel at a time, where that can be. */
  readBytes?: number | undefined;
  /** Looks at no more than so many bytes at once. */
  pieceBytes?: number | undefined;
  /** May go over a connection that others use, too, where the protocol has that. */
  shares?: boolean | undefined;
  /** Called once the request is in the kernel's hands. */
  onSent?: (() => void) | undefined;
}

/** One request and its response, over a connection of its own or, where that can be, a part of one. */
export interface Exchange {
  /** Reads nothing more until `resume`; the buffers at both ends fill up. */
  pause(): void;
  resume(): void;
  /** Sends more, behind the request. */
  write(bytes: Buffer): void;
  /** The same, for what the server asked for. Dropped where it asks on and does not read: it would wait in memory without an end. */
  answer(bytes: Buffer): void;
  /** Ends it: `fin` closes as a browser does, `rst` breaks off as a crash or a lost network does. Idempotent. */
  leave(how: 'fin' | 'rst'): void;
}

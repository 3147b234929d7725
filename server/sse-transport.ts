import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type EndReason, reasonOfLoss } from './end-reason.ts';
import type { EventBatch } from './event-log/types.ts';
import { http2StreamOf } from './http2/stream-of.ts';
import type { ServerSettings } from './settings.ts';
import type { SseEncoder } from './sse.ts';
import type { Protocol, Transport, TransportListener } from './transport.ts';

export interface SseTransportOptions {
  request: IncomingMessage;
  response: ServerResponse;
  sse: SseEncoder;
  settings: ServerSettings;
}

/** The head of every stream; also the answer to HEAD. */
export function streamHeaders(response: ServerResponse): OutgoingHttpHeaders {
  return {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    'X-Accel-Buffering': 'no', // nginx would hold events back otherwise
    // Only where it is true: a client that asked for `Connection: close` gets what it asked for, and HTTP/2 has no such header.
    ...(response.shouldKeepAlive && { Connection: 'keep-alive', 'Keep-Alive': 'timeout=60, max=100' }),
  };
}

/** All of it has been read: a browser's would take 1.2 KiB as long as its stream lasts. */
function forgetHead(request: IncomingMessage): void {
  request.headers = {};
  request.rawHeaders = [];
}

/**
 * Server-Sent Events in the response to a request, of HTTP/1.1 or HTTP/2. A class, as there are thousands: an object with accessors of its
 * own has a hidden class of its own, 1 KiB of it.
 */
class SseTransport implements Transport {
  readonly protocol: Protocol;
  sentBytes = 0;
  readonly #options: SseTransportOptions;
  // The socket and not the response: of two requests pipelined on one socket that is then destroyed, the second
  // response never emits `close` on Node 20. Of HTTP/2 it is the stream: the connection may have others.
  readonly #carrier: Duplex;
  #listener: TransportListener | null = null;

  constructor(options: SseTransportOptions) {
    const http2Stream = http2StreamOf(options.response);
    this.protocol = http2Stream === null ? 'http1' : 'http2';
    this.#options = options;
    this.#carrier = http2Stream ?? options.request.socket;
  }

  get queuedBytes(): number {
    return this.#options.response.writableLength;
  }

  get isBlocked(): boolean {
    return this.#options.response.writableNeedDrain;
  }

  open(listener: TransportListener): void {
    const { request, response, sse, settings } = this.#options;
    this.#listener = listener;
    response.writeHead(200, streamHeaders(response));
    this.#send(sse.retry(settings.retryMs)); // sends the head at once, too
    if (this.protocol === 'http1') forgetHead(request);
    request.resume(); // a body that nobody reads would stop the socket from seeing its end
    this.#carrier.on('close', this.#onClose);
    response.on('drain', this.#onDrain).on('timeout', this.#onNoProgress).on('error', this.#onError);
    response.setTimeout(settings.vanishedMs);
  }

  send(batch: EventBatch): void {
    this.#send(batch.bytes);
  }

  reset(): void {
    this.#send(this.#options.sse.reset());
  }

  beat(): void {
    // Where bytes are waiting already, another comment would only make the queue longer.
    if (this.queuedBytes === 0) this.#send(this.#options.sse.comment('heartbeat'));
  }

  setFull(isFull: boolean): void {
    const { response, settings } = this.#options;
    response.setTimeout(isFull ? settings.stallMs : settings.vanishedMs);
  }

  end(reason: EndReason): void {
    if (this.#listener === null) return;
    this.#listener = null;
    const { response, sse, settings } = this.#options;
    const carrier = this.#carrier;
    carrier.off('close', this.#onClose);
    response.off('drain', this.#onDrain);
    if (reason !== 'max_duration_exceeded' && reason !== 'server_shutdown') {
      carrier.destroy();
      return;
    }
    this.#send(sse.close(reason));
    response.end();
    const linger = setTimeout(() => carrier.destroy(), settings.lingerMs).unref();
    response.once('close', () => clearTimeout(linger));
  }

  #send(chunk: string | Buffer): void {
    this.sentBytes += chunk.length;
    this.#options.response.write(chunk);
  }

  readonly #onDrain = () => this.#listener?.onDrain();
  // Node's socket timer counts it as activity when the kernel took some bytes of a write that is not finished yet
  // (net.Socket, _onTimeout), so a slow reader that moves does not get here with something queued. That of HTTP/2 does likewise.
  readonly #onNoProgress = () => {
    if (this.queuedBytes > 0) this.#listener?.onNoProgress();
  };
  readonly #onClose = () => this.#listener?.onLoss(reasonOfLoss(this.#carrier.errored));
  readonly #onError = () => this.#listener?.onLoss('error');
}

export function createSseTransport(options: SseTransportOptions): Transport {
  return new SseTransport(options);
}

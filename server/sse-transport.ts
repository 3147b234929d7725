import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { reasonOfLoss } from './end-reason.ts';
import { http2StreamOf } from './http2/stream-of.ts';
import type { ServerSettings } from './settings.ts';
import type { SseEncoder } from './sse.ts';
import type { Transport, TransportListener } from './transport.ts';

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

/** Server-Sent Events in the response to a request, of HTTP/1.1 or HTTP/2. */
export function createSseTransport(options: SseTransportOptions): Transport {
  const { request, response, sse, settings } = options;
  const http2Stream = http2StreamOf(response);
  // The socket and not the response: of two requests pipelined on one socket that is then destroyed, the second
  // response never emits `close` on Node 20. Of HTTP/2 it is the stream: the connection may have others.
  const carrier: Duplex = http2Stream ?? request.socket;
  let listener: TransportListener | null = null;
  let sentBytes = 0;

  function send(chunk: string | Buffer): void {
    sentBytes += chunk.length;
    response.write(chunk);
  }

  const onDrain = () => listener?.onDrain();
  // Node's socket timer counts it as activity when the kernel took some bytes of a write that is not finished yet
  // (net.Socket, _onTimeout), so a slow reader that moves does not get here with something queued. That of HTTP/2 does likewise.
  const onNoProgress = () => {
    if (response.writableLength > 0) listener?.onNoProgress();
  };
  const onClose = () => listener?.onLoss(reasonOfLoss(carrier.errored));
  const onError = () => listener?.onLoss('error');

  return {
    protocol: http2Stream === null ? 'http1' : 'http2',
    get sentBytes() {
      return sentBytes;
    },
    get queuedBytes() {
      return response.writableLength;
    },
    get isBlocked() {
      return response.writableNeedDrain;
    },
    open(opened) {
      listener = opened;
      response.writeHead(200, streamHeaders(response));
      send(sse.retry(settings.retryMs)); // sends the head at once, too
      if (http2Stream === null) forgetHead(request);
      request.resume(); // a body that nobody reads would stop the socket from seeing its end
      carrier.on('close', onClose);
      response.on('drain', onDrain).on('timeout', onNoProgress).on('error', onError);
      response.setTimeout(settings.vanishedMs);
    },
    send: (batch) => send(batch.bytes),
    reset: () => send(sse.reset()),
    // Where bytes are waiting already, another comment would only make the queue longer.
    beat() {
      if (response.writableLength === 0) send(sse.comment('heartbeat'));
    },
    setFull: (isFull) => void response.setTimeout(isFull ? settings.stallMs : settings.vanishedMs),
    end(reason) {
      if (listener === null) return;
      listener = null;
      carrier.off('close', onClose);
      response.off('drain', onDrain);
      if (reason !== 'max_duration_exceeded' && reason !== 'server_shutdown') {
        carrier.destroy();
        return;
      }
      send(sse.close(reason));
      response.end();
      const linger = setTimeout(() => carrier.destroy(), settings.lingerMs).unref();
      response.once('close', () => clearTimeout(linger));
    },
  };
}

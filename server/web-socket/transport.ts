import type { Socket } from 'node:net';
import { type RawData, WebSocket } from 'ws';
import { reasonOfLoss } from '../end-reason.ts';
import type { ServerSettings } from '../settings.ts';
import type { Transport, TransportListener } from '../transport.ts';
import type { WebSocketEncoder } from './messages.ts';

/**
 * Messages, pings and pongs of a client between two heartbeats. It has nothing to say; some libraries send a sign of life of their
 * own every few seconds.
 */
const maxFramesPerBeat = 32;

/**
 * Beats whose ping was not answered, with nothing sent since: the peer has vanished. Two, as for a stream over HTTP (`vanishedMs`);
 * a reader so slow that the kernel still holds what came before the ping gets as long.
 */
const maxMissedPongs = 2;

export interface WebSocketTransportOptions {
  /** Open, and just so. */
  webSocket: WebSocket;
  /** The connection below it. */
  socket: Socket;
  encoder: WebSocketEncoder;
  settings: ServerSettings;
}

/**
 * Text messages over a WebSocket. Frames of events are written to the socket as they are, once encoded for all streams: `ws` would make
 * them for each stream and event. That is right as long as it has nothing in its own queue, which it has only when it compresses.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): Transport {
  const { webSocket, socket, encoder, settings } = options;
  let listener: TransportListener | null = null;
  let sentBytes = 0;
  let frameCount = 0;
  let missedPongs = 0;
  let sentBytesAtPing = -1;

  function send(frames: Buffer): void {
    // The client's close frame has been answered: behind that, nothing else may be sent.
    if (webSocket.readyState !== WebSocket.OPEN) return;
    sentBytes += frames.length;
    socket.write(frames);
  }

  const onDrain = () => listener?.onDrain();
  const onNoProgress = () => {
    if (socket.writableLength > 0) listener?.onNoProgress();
  };
  const onClose = () => listener?.onLoss(reasonOfLoss(socket.errored));
  // The client closed, and has its answer: its slot does not wait for the end of the connection.
  const onFinish = () => listener?.onLoss('client_closed');
  // No frames, or a message that is too long. `ws` has sent the close frame that says so (1002, 1007 or 1009).
  const onError = () => listener?.onLoss('policy_violation');
  const onFrame = (_data?: RawData) => {
    frameCount += 1;
    if (frameCount > maxFramesPerBeat) listener?.onLoss('policy_violation');
  };
  const onPong = () => {
    missedPongs = 0;
    sentBytesAtPing = -1;
    onFrame();
  };

  return {
    protocol: 'websocket',
    get sentBytes() {
      return sentBytes;
    },
    get queuedBytes() {
      return webSocket.bufferedAmount;
    },
    get isBlocked() {
      return socket.writableNeedDrain;
    },
    open(opened) {
      listener = opened;
      socket.on('drain', onDrain).on('timeout', onNoProgress).on('close', onClose).on('finish', onFinish);
      webSocket.on('error', onError).on('message', onFrame).on('ping', onFrame).on('pong', onPong);
      socket.setTimeout(settings.vanishedMs);
    },
    send: (batch) => send(encoder.events(batch)),
    reset: () => send(encoder.reset()),
    beat() {
      frameCount = 0;
      // What was sent since the ping may still be on its way, and the pong behind it.
      if (sentBytesAtPing === sentBytes) missedPongs += 1;
      if (missedPongs >= maxMissedPongs) {
        listener?.onLoss('vanished');
      } else if (socket.writableLength === 0 && webSocket.readyState === WebSocket.OPEN) {
        webSocket.ping();
        sentBytesAtPing = sentBytes;
      }
    },
    setFull(isFull) {
      socket.setTimeout(isFull ? settings.stallMs : settings.vanishedMs);
      // What comes from the client would count as progress.
      if (isFull) socket.pause();
      else socket.resume();
    },
    end(reason) {
      if (listener === null) return;
      listener = null;
      socket.off('drain', onDrain).off('timeout', onNoProgress).off('close', onClose).off('finish', onFinish);
      const frame = encoder.close(reason);
      if (frame !== null) {
        webSocket.close(frame.code, frame.reason); // gives the client `lingerMs` for its answer
        if (reason === 'policy_violation')
          socket.pause(); // what else it sends is not even read
        else socket.resume();
      } else if (reason !== 'client_closed') {
        webSocket.terminate();
      }
    },
  };
}

/** What all cases on WebSockets share, and none of their defects. */
import { createServer, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** Listens on 127.0.0.1 at PORT. Every request is for a WebSocket: `GET /events/{key}`. */
export function serveWebSockets(handle: (webSocket: WebSocket, request: IncomingMessage) => unknown): void {
  new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT) }).on('connection', handle);
}

/** The same for servers that decide first: whoever is let in is `accept`ed, whoever is not gets an answer on the bare socket. */
export function serveUpgrades(
  handle: (request: IncomingMessage, socket: Duplex, accept: () => WebSocket | null) => unknown,
): void {
  const webSockets = new WebSocketServer({ noServer: true });
  createServer()
    .on('upgrade', (request, socket, head) => {
      socket.on('error', () => {}); // a client that is gone while it is answered
      handle(request, socket, () => {
        let accepted: WebSocket | null = null;
        // It calls back before it returns, or, for a client that is gone, never.
        webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          accepted = webSocket;
        });
        return accepted;
      });
    })
    .listen(Number(process.env.PORT), '127.0.0.1');
}

/** The first message, at once. */
export function greet(webSocket: WebSocket): void {
  webSocket.send('{"hello":true}');
}

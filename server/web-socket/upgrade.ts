import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { ServerSettings } from '../settings.ts';

/** Nothing that a client has to say to a stream is longer. */
const maxMessageBytes = 1024;

/** Makes WebSockets of requests that ask for it. */
export interface Upgrader {
  /** Takes the connection over. Null: the request was none that can be upgraded, and has been refused with 400, or 405. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): WebSocket | null;
}

export function createUpgrader({ lingerMs }: ServerSettings): Upgrader {
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    maxPayload: maxMessageBytes,
    maxFragments: 16,
    // 40 KiB and more a connection, for a compressor that each of them needs for itself.
    perMessageDeflate: false,
    // A subprotocol is a promise about messages that nobody has asked what it is.
    handleProtocols: () => false,
    // Not in its types.
    closeTimeout: lingerMs,
  };
  const server = new WebSocketServer(options);
  return {
    upgrade(request, socket, head) {
      let opened: WebSocket | null = null;
      // Without `verifyClient` it calls back before it returns, or never.
      server.handleUpgrade(request, socket, head, (webSocket) => {
        opened = webSocket;
      });
      return opened;
    },
  };
}

/** Whether a request asks for a WebSocket; what asks for another protocol, such as `h2c`, is answered as if it did not. */
export function asksForWebSocket({ headers }: IncomingMessage): boolean {
  return /(^|,)\s*websocket\s*(,|$)/i.test(headers.upgrade ?? '');
}

/**
 * Whether a page may have this WebSocket: browsers ask for one across origins without asking the server first, and send its cookies
 * along. So the page has to come from the host that is asked. Who sends no `Origin` is no browser.
 */
export function isOriginAllowed({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  if (origin === undefined) return true;
  try {
    const { protocol, host: pageHost } = new URL(origin);
    // The scheme is that of the page: before a proxy there may be another one than here.
    return pageHost !== '' && pageHost === new URL(`${protocol}//${host}`).host;
  } catch {
    return false; // `null`, as a sandboxed page sends it, or no `Host`
  }
}

/** A response on a connection that the HTTP server has let go of: it ends the connection. */
export function responseOn(request: IncomingMessage, socket: Socket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  return response;
}

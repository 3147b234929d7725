import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { http2StreamOf } from '../http2/stream-of.ts';
import type { ServerParts } from '../parts.ts';
import { requestPath } from '../request-path.ts';
import { sendJson } from '../respond.ts';
import type { Transport } from '../transport.ts';
import { parseWorkflowId, workflowIdRule } from '../workflow-id.ts';
import { createWebSocketTransport } from './transport.ts';
import { createUpgrader, isOriginAllowed, responseOn } from './upgrade.ts';

export const webSocketPath = /^\/api\/events\/([^/]*)\/ws$/;

/** What the server does for the route: the same as for a stream over HTTP. */
export interface WebSocketRouteOptions {
  parts: ServerParts;
  isClosing(): boolean;
  /** Answers to requests before this one are not out yet. */
  isBusy(socket: Socket): boolean;
  /** Lets a stream in, or refuses it; `connect` is called once there is a slot. */
  admit(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    connect: () => Transport | null,
  ): void;
  /** The connection belongs to a stream now. */
  occupy(request: IncomingMessage, response: ServerResponse, carrier: Socket): void;
}

/** Answers requests for a WebSocket, which have left the HTTP server with their connection: whatever is answered ends it. */
export function createWebSocketRoute(options: WebSocketRouteOptions) {
  const { settings, logger, webSocketEncoder: encoder } = options.parts;
  const upgrader = createUpgrader(settings);

  return (request: IncomingMessage, duplex: Duplex, head: Buffer): void => {
    const socket = duplex as Socket;
    socket.on('error', () => {}); // a client that goes away is no news
    if (options.isBusy(socket)) {
      logger.seldom({ remoteAddress: socket.remoteAddress }, 'connection ended: upgrade behind a request');
      socket.destroy();
      return;
    }
    const response = responseOn(request, socket);
    const [, segment] = webSocketPath.exec(requestPath(request)) ?? [];
    const workflowId = segment === undefined ? null : parseWorkflowId(segment);
    if (segment === undefined) {
      sendJson(response, 404, { error: 'there is no WebSocket here' });
    } else if (workflowId === null) {
      sendJson(response, 400, { error: `a workflow id is ${workflowIdRule}` });
    } else if (!isOriginAllowed(request)) {
      sendJson(response, 403, { error: 'a page of another origin may not have this WebSocket' });
    } else if (options.isClosing()) {
      sendJson(response, 503, { error: 'the server is shutting down' });
    } else {
      begin(request, response, workflowId, socket, head);
    }
  };

  function begin(
    request: IncomingMessage,
    response: ServerResponse,
    workflowId: string,
    socket: Socket,
    head: Buffer,
  ): void {
    try {
      options.admit(request, response, workflowId, () => {
        response.detachSocket(socket);
        const webSocket = upgrader.upgrade(request, socket, head);
        if (webSocket === null) return null;
        options.occupy(request, response, socket);
        return createWebSocketTransport({ webSocket, socket, encoder, settings });
      });
    } catch (error) {
      logger.error({ err: error }, 'request failed');
      socket.destroy();
    }
  }
}

/** The route of WebSockets, asked without an upgrade (RFC 9110, section 15.5.22). */
export function askForUpgrade(_request: IncomingMessage, response: ServerResponse): void {
  const upgradeTo = http2StreamOf(response) === null && { Connection: 'Upgrade', Upgrade: 'websocket' };
  sendJson(response, 426, { error: 'this is a WebSocket: ask for one over HTTP/1.1' }, { ...upgradeTo });
}

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, createSecureServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import type { ProtocolName } from '../../model.ts';
import { certificate } from './certificate.ts';

/** Long enough for a client to leave in the middle of it. */
export const eventData = JSON.stringify({ type: 'update', text: 'x'.repeat(200) });
export const eventCount = 3;

/** What a server saw of one stream. */
export interface Visit {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  /** How the connection's other end left: it closed (FIN), or broke off (RST). */
  socketEnd: 'fin' | 'rst' | null;
  /** The code of its close frame, or 1006. */
  closeCode: number | null;
  /** The code of its RST_STREAM; 0: none came before the end. */
  rstCode: number | null;
  /** Which connection it was on, from 0 on. */
  connection: number;
}

export interface ProtocolServer {
  url: string;
  visits: Visit[];
  connectionCount: number;
  openCount(): number;
  close(): Promise<void>;
}

/**
 * Sends three events and then nothing more. `/silent`: it does not even answer. `secure`: over TLS. Real servers that know nothing of
 * the harness: node:http, node:http2 and ws.
 */
export async function startProtocolServer(
  protocol: ProtocolName,
  { secure = false, most }: { secure?: boolean; most?: number } = {},
): Promise<ProtocolServer> {
  const visits: Visit[] = [];
  const sockets = new Map<Socket, { number: number; end: 'fin' | 'rst' | null }>();
  const server = createFor(protocol, secure, most);
  const seen = { url: '', visits, connectionCount: 0, openCount: () => 0, close: async () => {} };
  const open = new Set<Socket>();

  // Of a TCP socket below TLS Node tells no errors.
  server.on(secure ? 'secureConnection' : 'connection', (socket: Socket) => {
    const about: { number: number; end: 'fin' | 'rst' | null } = { number: seen.connectionCount, end: null };
    seen.connectionCount += 1;
    sockets.set(socket, about);
    open.add(socket);
    const ended = (end: 'fin' | 'rst') => {
      about.end ??= end;
      for (const visit of visits) if (visit.connection === about.number) visit.socketEnd ??= end;
    };
    socket.prependListener('end', () => ended('fin'));
    socket.prependListener('error', () => ended('rst'));
    socket.on('close', (hadError) => {
      ended(hadError ? 'rst' : 'fin');
      open.delete(socket);
    });
  });

  const visit = (socket: Socket | undefined, parts: Pick<Visit, 'method' | 'path' | 'headers'>): Visit => {
    const port = socket?.remotePort;
    const [, about] = [...sockets].find(([one]) => one === socket || one.remotePort === port) ?? [];
    const one: Visit = {
      ...parts,
      body: '',
      socketEnd: about?.end ?? null,
      closeCode: null,
      rstCode: null,
      connection: about?.number ?? -1,
    };
    visits.push(one);
    return one;
  };

  if (protocol === 'websocket') {
    const ws = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const { method = '', url: path = '', headers } = request;
      const one = visit(socket, { method, path, headers });
      if (path === '/silent') {
        socket.on('end', () => socket.end());
        socket.resume();
        return;
      }
      ws.handleUpgrade(request, socket, head, (client) => {
        client.on('message', (text) => {
          one.body += String(text);
        });
        client.on('error', () => {});
        client.on('close', (code) => {
          one.closeCode = code;
        });
        for (let count = 0; count < eventCount; count += 1) client.send(eventData);
      });
    });
  } else if (protocol === 'sse-h2') {
    server.on('stream', (stream: ServerHttp2Stream, headers: Record<string, string>) => {
      const parts = { method: headers[':method'] ?? '', path: headers[':path'] ?? '', headers };
      const one = visit(stream.session?.socket, parts);
      stream.on('error', () => {});
      stream.on('data', (bytes: Buffer) => {
        one.body += bytes.toString();
      });
      stream.on('close', () => {
        one.rstCode = stream.rstCode ?? 0;
      });
      if (parts.path === '/silent') return;
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      for (let count = 0; count < eventCount; count += 1)
        stream.write(`id: ${count}\ndata: ${eventData}\n\n`);
    });
    server.on('sessionError', () => {});
  } else {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const { method = '', url: path = '', headers } = request;
      const one = visit(request.socket, { method, path, headers });
      request.on('data', (bytes: Buffer) => {
        one.body += bytes.toString();
      });
      if (path === '/silent') return;
      const isSse = protocol.startsWith('sse');
      response.writeHead(200, { 'Content-Type': isSse ? 'text/event-stream' : 'application/x-ndjson' });
      for (let count = 0; count < eventCount; count += 1)
        response.write(isSse ? `id: ${count}\ndata: ${eventData}\n\n` : `${eventData}\n`);
    });
  }

  server.on('clientError', () => {});
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  seen.url = `http${secure ? 's' : ''}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  seen.openCount = () => open.size;
  seen.close = async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return seen;
}

function createFor(protocol: ProtocolName, secure: boolean, most: number | undefined) {
  const settings = most === undefined ? {} : { settings: { maxConcurrentStreams: most } };
  if (protocol === 'sse-h2')
    return secure ? createSecureServer({ ...certificate, ...settings }) : createHttp2Server(settings);
  return secure ? createHttps(certificate) : createServer();
}

import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { http2StreamOf } from './http2/stream-of.ts';

/** Sends a short answer and its length. To a HEAD request Node sends the head alone. */
export function sendText(
  response: ServerResponse,
  status: number,
  body: string,
  { Connection, ...headers }: OutgoingHttpHeaders,
): void {
  response.writeHead(status, {
    // HTTP/2 has no such header (RFC 9113, section 8.2.2).
    ...(Connection !== undefined && http2StreamOf(response) === null && { Connection }),
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  });
  response.end(body);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: OutgoingHttpHeaders = {},
): void {
  sendText(response, status, `${JSON.stringify(body)}\n`, {
    'Content-Type': 'application/json; charset=utf-8',
    ...headers,
  });
}

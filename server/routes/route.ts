import type { IncomingMessage, ServerResponse } from 'node:http';
import { http2StreamOf } from '../http2/stream-of.ts';

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  /** What the path's one group matched, as it came over the wire. */
  segment: string,
) => void | Promise<void>;

export interface Route {
  path: RegExp;
  /** Answers GET and HEAD; never called with a body. */
  handle: Handler;
  /** Answers POST, and reads the body itself. Without it POST is refused. */
  take?: Handler;
}

/** Answers with an error and ends the connection: what else comes on it, such as a body, is of no use. */
export type Refuse = (
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: string,
  headers?: Record<string, string>,
) => void;

export function requestQuery(request: IncomingMessage): URLSearchParams {
  const [, query = ''] = (request.url ?? '').split('?', 2);
  return new URLSearchParams(query);
}

/** RFC 9112, section 6.3: without one of these headers a request has no body. In HTTP/2 it has none when its head ends it. */
export function hasBody({ headers }: IncomingMessage, response: ServerResponse): boolean {
  const stream = http2StreamOf(response);
  if (stream !== null) return !stream.endAfterHeaders;
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

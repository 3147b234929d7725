import type { ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';

/** The stream that a response of HTTP/2 goes out on; null: it is one of HTTP/1.1. */
export function http2StreamOf(response: ServerResponse): ServerHttp2Stream | null {
  const { stream = null } = response as { stream?: ServerHttp2Stream };
  return stream;
}

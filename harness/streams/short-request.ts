import { request as requestHttp } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { dial } from './dial.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import { parseTarget, requestHeaders } from './http-request.ts';
import { maxHeadBytes } from './http-response-parser.ts';

export interface ShortRequest {
  method: 'GET' | 'POST' | 'DELETE';
  headers: Record<string, string>;
  body?: string | undefined;
  localAddress?: string | undefined;
  /** Aborts it. */
  signal: AbortSignal;
}

export interface ShortAnswer {
  status: number;
  headers: ReadonlyMap<string, string>;
  /** As far as it was read. */
  body: string;
}

/** What is read of an answer; there is more in none that is wanted here. */
export const maxBodyBytes = 1024 * 1024;

/**
 * One request and its whole answer, on a connection of its own that is closed behind it. Rejects with what went wrong: no
 * connection, one that broke, an answer that is none of HTTP or has more than 1 MiB, an abort.
 *
 * `until`: told of each piece of the body as it comes; true: that is enough.
 */
export function shortRequest(
  url: string,
  { method, headers, body, localAddress, signal }: ShortRequest,
  until: (piece: string) => boolean = () => false,
): Promise<ShortAnswer> {
  const target = parseTarget(url);
  const { promise, resolve, reject } = Promise.withResolvers<ShortAnswer>();
  const request = requestHttp({
    method,
    path: target.path,
    headers: requestHeaders(target, headers, { own: {}, connection: 'close', body: body ?? null }).flat(),
    signal,
    maxHeaderSize: maxHeadBytes,
    createConnection: () => dial(target, { localAddress }).socket,
  });
  request.on('error', reject);
  request.on('response', (response) => {
    const read = new GrowingBuffer();
    const decoder = new StringDecoder();
    const answer = () => {
      const entries = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const);
      return { status: response.statusCode ?? 0, headers: new Map(entries), body: read.take().toString() };
    };
    response.on('data', (piece: Buffer) => {
      read.append(piece);
      if (read.length > maxBodyBytes) reject(new Error(`an answer of more than ${maxBodyBytes} bytes`));
      else if (until(decoder.write(piece))) resolve(answer());
      else return;
      response.destroy();
    });
    response.on('end', () => resolve(answer()));
    response.on('error', reject);
  });
  request.end(body);
  return promise;
}

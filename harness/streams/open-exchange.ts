import type { StreamRequest } from '../model.ts';
import type { Conversation } from './conversation.ts';
import type { Exchange, ExchangeOptions, ExchangeSink } from './exchange.ts';
import { makeRequest, type PreparedRequest, prepareRequest } from './http-request.ts';
import { Http1Exchange } from './http1-exchange.ts';
import { Http2Exchange } from './http2-exchange.ts';

/** What a behaviour wants of its exchange. */
export interface ExchangeManners extends Omit<ExchangeOptions, 'localPort' | 'onSent'> {
  httpVersion?: '1.0';
  requestCount?: number;
}

/**
 * Sends the request of a stream. Throws `usage` for a URL that is not http(s) and for malformed headers; the sink is told of
 * everything else, and never before this has returned.
 */
export function openExchange(
  { plan, protocol }: Conversation,
  request: StreamRequest,
  nonce: string,
  manners: ExchangeManners,
  sink: ExchangeSink,
  onSent?: () => void,
): Exchange {
  const prepared = requestOf(
    request,
    plan.body,
    protocol.headers,
    protocol.resumesByHeader === true,
    manners,
  );
  const { localAddress = request.localAddress } = manners;
  const options: ExchangeOptions = {
    via: manners.via,
    localAddress,
    localPort: manners.localAddress === undefined ? request.localPort : undefined,
    halfCloses: manners.halfCloses,
    neverReads: manners.neverReads,
    readBytes: manners.readBytes,
    pieceBytes: manners.pieceBytes,
    shares: manners.shares,
    onSent,
  };
  if (protocol.transport === 'http/2') return new Http2Exchange(prepared, options, sink);
  const { text } = prepared;
  const sent = nonce === '' ? text : text.replace('{nonce}', nonce);
  const all = manners.requestCount === undefined ? sent : sent.repeat(manners.requestCount);
  return new Http1Exchange(prepared.target, all, options, protocol.switches === true, sink);
}

function requestOf(
  { url, headers, key = '', lastEventId = '' }: StreamRequest,
  plannedBody: string | null,
  own: Record<string, string>,
  resumesByHeader: boolean,
  { httpVersion }: ExchangeManners,
): PreparedRequest {
  const body = plannedBody === null ? null : bodyOf(plannedBody, key);
  const isInUrl = url.includes('{lastEventId}');
  const filled = isInUrl ? url.replaceAll('{lastEventId}', encodeURIComponent(lastEventId)) : url;
  const resumes = lastEventId !== '' && !isInUrl && resumesByHeader;
  if (httpVersion === undefined && !resumes) return prepareRequest(filled, headers, own, body);
  // The standard has an id sent as UTF-8; a header goes out as Latin-1.
  const resuming = resumes
    ? { ...headers, 'Last-Event-ID': Buffer.from(lastEventId).toString('latin1') }
    : headers;
  return makeRequest(filled, resuming, { own, body, version: httpVersion });
}

/** The body of a request, with the key as it stands between the quotation marks of a JSON text. */
export function bodyOf(planned: string, key: string): string {
  return planned.replaceAll('{key}', () => JSON.stringify(key).slice(1, -1));
}

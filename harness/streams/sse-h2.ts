import type { Protocol } from './protocol.ts';
import { sse } from './sse.ts';

/**
 * Server-Sent Events over HTTP/2: with TLS as browsers have it, and in clear text with prior knowledge (RFC 9113 §3.3). The tabs of a
 * browser share a connection, all other clients have one of their own. A body makes the request a POST.
 */
export const sseH2: Protocol = {
  ...sse,
  name: 'sse-h2',
  describes: 'Server-Sent Events over HTTP/2 (h2, or h2c with prior knowledge); tabs share a connection',
  transport: 'http/2',
  lacks: new Set(['pipelined', 'http-1.0', 'keeping-proxy', 'half-close', 'half-open']),
};

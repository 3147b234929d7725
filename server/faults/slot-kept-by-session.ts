import type { Http2Session } from 'node:http2';
import { http2StreamOf } from '../http2/stream-of.ts';
import type { Transport } from '../transport.ts';
import type { Fault } from './types.ts';

/** Cleanup that listens for the `close` of the connection, as it did when each stream had one of its own. */
export const slotKeptBySession: Fault = {
  name: 'slot-kept-by-session',
  breaks: 'Over HTTP/2 a stream that its client ends gives its slot back only when its connection closes.',
  caughtBy: { scenario: 'limit', check: 'slots-released' },
  only: 'http2',
  apply(parts) {
    const sessions = new WeakMap<Transport, Http2Session>();
    return {
      ...parts,
      createSseTransport(options) {
        const transport = parts.createSseTransport(options);
        const session = http2StreamOf(options.response)?.session;
        if (session !== undefined) sessions.set(transport, session);
        return transport;
      },
      openStream(options) {
        const session = sessions.get(options.transport);
        if (session === undefined) return parts.openStream(options);
        session.once('close', () => options.slot.release());
        return parts.openStream({ ...options, slot: { release() {} } });
      },
    };
  },
};

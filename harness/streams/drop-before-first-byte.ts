import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/**
 * It leaves with a FIN, because the request must reach the server's handler: a drop that the server never saw
 * tests nothing. A FIN travels behind the request, and the kernel repeats both until they arrive. A RST throws away
 * what is not yet sent here, and on the other side RFC 9293 §3.10.7.4 has the receiver flush what it has not yet read.
 * (Linux does not: there 2,000 of 2,000 requests reached a node:http handler with either, busy or idle. Elsewhere
 * RST loses requests.)
 *
 * What has been received and not read when it leaves makes the kernel send a RST all the same.
 */
const manners: RawStreamManners = {
  behaviour: 'drop-before-first-byte',
  leave: 'fin',
  afterRequest(stream, request) {
    const dropAfterMs = request.dropAfterMs ?? 0;
    if (dropAfterMs === 0) stream.end();
    else stream.endAfter(dropAfterMs);
  },
};

export const dropBeforeFirstByte: Behaviour = {
  name: 'drop-before-first-byte',
  describes: 'sends its request and leaves without waiting for an answer',
  open: (request) => openRawStream(request, manners),
};

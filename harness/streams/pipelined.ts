import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/**
 * RFC 9112 §9.3.2: a client may send a second request before the first is answered. On a stream the second waits for
 * ever, and when the client leaves a server has two requests to clean up behind: with Node 20.20 the second one's
 * response never told that it was closed.
 */
const manners: RawStreamManners = { behaviour: 'pipelined', leave: 'rst', requestCount: 2 };

export const pipelined: Behaviour = {
  name: 'pipelined',
  describes: 'sends two requests at once on one connection, reads the first, and breaks off (RST) both',
  open: (request) => openRawStream(request, manners),
};

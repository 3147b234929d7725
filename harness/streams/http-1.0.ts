import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/** Old proxies speak it (nginx to its upstreams, for most of its life): no chunks, the body goes on until the connection ends. */
const manners: RawStreamManners = { behaviour: 'http-1.0', leave: 'fin', httpVersion: '1.0' };

export const http10: Behaviour = {
  name: 'http-1.0',
  describes: 'asks over HTTP/1.0 without keep-alive, as old proxies do, and closes the connection (FIN)',
  open: (request) => openRawStream(request, manners),
};

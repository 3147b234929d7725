import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/**
 * TCP can end one direction alone: `curl` with its input closed, some proxies and health checks do. To the server it
 * looks like a client that has left until it writes, and no RST comes back. `end()` closes the other direction too,
 * which the server only learns from the RST that answers its next write.
 */
const manners: RawStreamManners = { behaviour: 'half-close', leave: 'fin', halfCloses: true };

export const halfClose: Behaviour = {
  name: 'half-close',
  describes: 'sends its request, ends its own side at once (FIN) and goes on reading',
  open: (request) => openRawStream(request, manners),
};

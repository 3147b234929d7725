import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

const manners: RawStreamManners = { behaviour: 'graceful-close', leave: 'fin' };

export const gracefulClose: Behaviour = {
  name: 'graceful-close',
  describes: 'reads events and closes the connection (FIN), as a browser does that leaves the page',
  open: (request) => openRawStream(request, manners),
};

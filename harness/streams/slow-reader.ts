import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/** A socket hands out up to 64 KiB at a time, so this is at most some 3 MB a second: less than a server can replay. */
const PAUSE_MS = 20;

/** A mobile client on a bad line: it reads a piece, rests, reads on, and is cut off in the middle. */
const manners: RawStreamManners = {
  behaviour: 'slow-reader',
  leave: 'rst',
  afterBody: (stream) => stream.rest(PAUSE_MS),
};

export const slowReader: Behaviour = {
  name: 'slow-reader',
  describes: 'reads a piece, rests for a moment, reads on, and is cut off with data still on its way',
  open: (request) => openRawStream(request, manners),
};

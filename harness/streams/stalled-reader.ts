import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/**
 * It reads until the first bytes of the body are there and then stops for good. A closed or reset connection
 * is only noticed by reading, so this client does not notice it either: its record ends with `end()`, as
 * `client`, and whether the server gave up on it can only be asked of the server.
 */
const manners: RawStreamManners = {
  behaviour: 'stalled-reader',
  leave: 'rst',
  afterBody: (stream) => stream.stall(),
};

export const stalledReader: Behaviour = {
  name: 'stalled-reader',
  describes: 'reads the first bytes and then nothing more, while the connection stays open',
  open: (request) => openRawStream(request, manners),
};

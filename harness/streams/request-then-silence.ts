import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/**
 * What a stopped process (SIGSTOP, a laptop's lid, a debugger) is to the server: the kernel still takes what fits its
 * buffers, nobody reads it. The client sees nothing of an answer, so `answered` is null and `byteCount` 0, and it does
 * not notice either when the server gives up on it. Over TLS, Node takes what comes with the handshake's last bytes.
 */
const manners: RawStreamManners = { behaviour: 'request-then-silence', leave: 'rst', neverReads: true };

export const requestThenSilence: Behaviour = {
  name: 'request-then-silence',
  describes: 'sends its request and then neither reads nor writes, as a stopped process does',
  open: (request) => openRawStream(request, manners),
};

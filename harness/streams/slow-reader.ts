import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

/** A mobile line at its edge, and far less than any server can replay from a file. */
const BYTES_PER_SECOND = 256 * 1024;

/** At the default rate a piece each 31 ms: the server sees a window that opens a little at a time. */
const READ_BYTES = 8 * 1024;

/**
 * A mobile client on a bad line: it reads a piece, rests for as long as the line would have taken for it, reads on, and
 * is cut off in the middle. What it does not read stays in the kernel's buffers and then with the server; over TLS,
 * whose pieces come as large as 64 KiB, one more of them waits in this process.
 */
const manners: RawStreamManners = {
  behaviour: 'slow-reader',
  leave: 'rst',
  readBytes: READ_BYTES,
  afterPiece(stream, bytes, { bytesPerSecond = BYTES_PER_SECOND }) {
    stream.rest((bytes.length / bytesPerSecond) * 1000);
  },
};

export const slowReader: Behaviour = {
  name: 'slow-reader',
  describes: 'reads no faster than 256 KiB/s, and is cut off (RST) with data still on its way',
  open: (request) => openRawStream(request, manners),
};

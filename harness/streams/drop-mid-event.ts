import type { Behaviour, StreamRequest } from '../model.ts';
import { openRawStream, type RawStream, type RawStreamManners } from './raw-stream.ts';

/** Little enough that most of an event is still with the kernel or the server when the client leaves. */
const READ_BYTES = 32;

/** The shortest event that says anything, `data:x` and two line ends, has 8 bytes: no event fits between two looks. */
const PIECE_BYTES = 7;

/**
 * Leaves at the first moment at which it has a part of an event and not all of it. Over TLS a whole record has been
 * taken by then, of which it looks at no more than it would have taken otherwise.
 */
class MidEventManners implements RawStreamManners {
  readonly behaviour = 'drop-mid-event';
  readonly leave = 'rst';
  readonly readBytes = READ_BYTES;
  readonly pieceBytes = PIECE_BYTES;
  readonly watchesPosition = true;
  readonly #dueMs: number;

  constructor({ dropAfterMs = 0 }: StreamRequest) {
    this.#dueMs = performance.now() + dropAfterMs;
  }

  afterPiece(stream: RawStream): void {
    if (stream.isInsideEvent && performance.now() >= this.#dueMs) stream.end();
  }
}

export const dropMidEvent: Behaviour = {
  name: 'drop-mid-event',
  describes: 'breaks the connection off (RST) having read a part of an event, as a lost network does',
  open: (request) => openRawStream(request, new MidEventManners(request)),
};

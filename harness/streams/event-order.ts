import { hash } from 'node:crypto';

export type IdScheme = 'offset' | 'sequence' | 'opaque' | 'none';

/** How many ids are remembered where they cannot be ordered: a resend after a reconnect is caught, memory bounded. */
export const rememberedIdCount = 256;
/** Longer ids are remembered by their digest: what is remembered of a stream stays below 256 times this. */
const longestRememberedId = 64;
/** Up to 15 digits, so that every number and its successor are exact. */
const integer = /^\d{1,15}$/;

/**
 * Finds missing and repeated events by their `id`.
 *
 * How a server counts is detected from the first consecutive pair of ids that fits exactly one scheme, and
 * then kept:
 * - `offset`: an id is the byte offset behind the event's line in a file: `previous + bytes of data + 1`;
 * - `sequence`: integers that rise by 1;
 * - `opaque`: any other ids; only repeats among the last 256 are counted.
 *
 * What it cannot tell: events missing before the first id, and gaps among opaque ids. A server that leaves
 * lines out on purpose shows as a gap in `offset`. Ids that only look like a sequence (clock times of which two
 * happen to be neighbours) are taken for one.
 */
export class EventOrder {
  gapCount = 0;
  duplicateCount = 0;
  #scheme: IdScheme = 'none';
  /** Highest numeric id: a resend of five events is five duplicates, not one. */
  #previous: number | null = null;
  #remembered: Set<string> | null = null;
  /** Jumps and falls among numeric ids while no scheme was found; faults of it once it is. */
  #undecidedJumpCount = 0;
  #undecidedFallCount = 0;

  get scheme(): IdScheme {
    return this.#scheme;
  }

  /** Sees the next event. `id` is the event's own, not an inherited one; undefined or empty: it has none. */
  see(id: string | undefined, data: string): void {
    if (id === undefined || id === '') return;
    const value = integer.test(id) ? Number(id) : null;
    const previous = this.#previous;
    if (this.#scheme !== 'offset' && this.#scheme !== 'sequence') {
      this.#seeUndecided(id, value, previous, data);
    } else if (value !== null && previous !== null) {
      if (value <= previous) this.duplicateCount += 1;
      else if (value !== previous + this.#step(data)) this.gapCount += 1;
    }
    this.anchor(id);
  }

  /** An id that is no data event's: that of a block without data, or of an event about the stream itself. */
  anchor(id: string): void {
    if (integer.test(id)) this.#previous = Math.max(this.#previous ?? 0, Number(id));
  }

  /** The server starts its events anew: what came before says nothing about what follows. The scheme is kept. */
  restart(): void {
    this.#previous = null;
    this.#remembered = null;
  }

  #step(data: string): number {
    return this.#scheme === 'sequence' ? 1 : Buffer.byteLength(data) + 1;
  }

  #seeUndecided(id: string, value: number | null, previous: number | null, data: string): void {
    this.#scheme = 'opaque';
    if (value !== null && previous !== null) {
      const isSequence = value === previous + 1;
      const isOffset = value === previous + Buffer.byteLength(data) + 1;
      if (isSequence !== isOffset) {
        this.#scheme = isOffset ? 'offset' : 'sequence';
        this.gapCount += this.#undecidedJumpCount;
        this.duplicateCount += this.#undecidedFallCount;
        this.#remembered = null;
        return;
      }
    }
    this.#remembered ??= new Set();
    const known = id.length > longestRememberedId ? hash('sha256', id) : id;
    if (this.#remembered.has(known)) {
      this.duplicateCount += 1;
      return;
    }
    // A copy: V8 keeps the whole chunk alive for a slice of it, and 256 chunks a stream are 16 MiB.
    this.#remembered.add(Buffer.from(known, 'utf16le').toString('utf16le'));
    if (this.#remembered.size > rememberedIdCount) {
      for (const oldest of this.#remembered) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    if (value === null || previous === null) return;
    if (value > previous + 1) this.#undecidedJumpCount += 1;
    if (value <= previous) this.#undecidedFallCount += 1;
  }
}

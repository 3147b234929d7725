const LF = 10;
const CR = 13;
const COLON = 58;
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Knows whether the bytes so far end inside an event: whether a field's line has begun since the last blank line.
 * Comments, and with them keep-alives, are between events. Lines end in LF, CR or CRLF (the HTML standard, §9.2.6).
 */
export class EventPosition {
  isInside = false;
  #isLineStart = true;
  #followsCr = false;
  /** Bytes of a leading BOM that have come; 3 as well once there can be none any more. */
  #bomBytes = 0;

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#bomBytes < BOM.length) {
        if (byte === BOM[this.#bomBytes++]) continue;
        this.#bomBytes = BOM.length;
      }
      const endsCrLf = byte === LF && this.#followsCr;
      this.#followsCr = byte === CR;
      if (endsCrLf) continue;
      if (byte === LF || byte === CR) {
        if (this.#isLineStart) this.isInside = false;
        this.#isLineStart = true;
      } else {
        if (this.#isLineStart && byte !== COLON) this.isInside = true;
        this.#isLineStart = false;
      }
    }
  }
}

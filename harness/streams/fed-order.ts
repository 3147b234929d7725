/**
 * How the harness begins each line that it writes for a target to stream (event-feed.ts): the number counts per file. Up to 15 digits,
 * which are exact. A target may put the line into a message of its own, behind an id.
 */
const FED_LINE = /^(?:.{0,59}?[:,[])?\{"seq":(\d{1,15}),"at":/;

/**
 * Follows the harness's own events by the number in their data: exact, whatever the target does with ids. Events of
 * others, such as a greeting, are left alone.
 */
export class FedOrder {
  /** Different events that arrived. */
  eventCount = 0;
  gapCount = 0;
  duplicateCount = 0;
  #last: number | null = null;

  saw(data: string): void {
    const match = FED_LINE.exec(data);
    if (match === null) return;
    const sequence = Number(match[1]);
    if (this.#last !== null && sequence <= this.#last) {
      this.duplicateCount += 1;
      return;
    }
    // A stream may start anywhere in the file.
    if (this.#last !== null) this.gapCount += sequence - this.#last - 1;
    this.eventCount += 1;
    this.#last = sequence;
  }

  /** The file was replaced: numbers start anew. */
  restart(): void {
    this.#last = null;
  }
}

/**
 * Looks at a time at files whose watches work. A constant, so that what the safety net costs at rest does not grow with the
 * number of workflows: one look is some 20 µs of CPU, and one a second at each of 2,000 files took 4 % of a core.
 */
const LOOKS_IN_TURN = 20;

/** What the poll knows of a tail. */
export interface Polled {
  /** It is its turn: nothing says that there is anything new. */
  poll(): void;
}

/**
 * Looks at files when nothing tells of a change: the safety net below file notification. One timer for all tails, none without.
 *
 * A tail that has nothing but the poll is looked at every time. The others take turns: up to 20 of them are looked at every time,
 * too, and each of 2,000 every hundredth time.
 */
export class Poll {
  readonly #intervalMs: number;
  readonly #everyTime = new Set<Polled>();
  /** The next ones come first. */
  readonly #inTurn = new Set<Polled>();
  #timer: NodeJS.Timeout | undefined;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Adds a tail, or changes how often it is looked at. */
  keep(tail: Polled, needsEveryTime: boolean): void {
    const [set, other] = needsEveryTime ? [this.#everyTime, this.#inTurn] : [this.#inTurn, this.#everyTime];
    other.delete(tail);
    set.add(tail);
    this.#timer ??= setInterval(() => this.#look(), this.#intervalMs).unref();
  }

  remove(tail: Polled): void {
    this.#everyTime.delete(tail);
    this.#inTurn.delete(tail);
    if (this.#everyTime.size + this.#inTurn.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const chosen = [...this.#everyTime];
    let turnsLeft = Math.min(LOOKS_IN_TURN, this.#inTurn.size);
    for (const tail of this.#inTurn) {
      if (turnsLeft === 0) break;
      turnsLeft -= 1;
      chosen.push(tail);
      // To the end of the line.
      this.#inTurn.delete(tail);
      this.#inTurn.add(tail);
    }
    for (const tail of chosen) tail.poll();
  }
}

/**
 * A value that comes once, and a promise for it that is only made when somebody asks: of the three that a stream
 * offers, thousands of streams are asked for one.
 */
export class Later<Value> {
  #value: { value: Value } | null = null;
  #promise: Promise<Value> | null = null;
  #resolve: ((value: Value) => void) | null = null;

  get promise(): Promise<Value> {
    if (this.#promise === null) {
      this.#promise =
        this.#value === null
          ? new Promise((resolve) => {
              this.#resolve = resolve;
            })
          : Promise.resolve(this.#value.value);
    }
    return this.#promise;
  }

  /** The first value stays. */
  settle(value: Value): void {
    if (this.#value !== null) return;
    this.#value = { value };
    this.#resolve?.(value);
    this.#resolve = null;
  }
}

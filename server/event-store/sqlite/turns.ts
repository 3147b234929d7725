/** A piece of work of many short steps. */
export interface Job {
  /** Does one step, of some ms at most; true: there is another one to do. Never throws. */
  step(): boolean;
}

/**
 * `node:sqlite` has no asynchronous calls: reads are steps on the event loop. So long they may take at a time before it is
 * the turn of everything else: sockets, timers, requests.
 */
const SLICE_MS = 4;

/** Lets jobs take turns, a step each, in slices of 4 ms and one step. Keeps nothing of those that have nothing to do. */
export class Turns {
  readonly #urgent = new Set<Job>();
  readonly #others = new Set<Job>();
  #immediate: NodeJS.Immediate | undefined;

  /** @param isUrgent ahead of all others: live events do not queue behind a thousand streams that catch up */
  add(job: Job, isUrgent: boolean): void {
    (isUrgent ? this.#urgent : this.#others).add(job);
    this.#immediate ??= setImmediate(() => this.#run());
  }

  remove(job: Job): void {
    this.#urgent.delete(job);
    this.#others.delete(job);
  }

  /** Idempotent. */
  close(): void {
    this.#urgent.clear();
    this.#others.clear();
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
  }

  #run(): void {
    this.#immediate = undefined;
    const endMs = performance.now() + SLICE_MS;
    do {
      this.#stepFirst(this.#urgent);
      // One at least, however many are urgent.
      if (this.#urgent.size === 0 || performance.now() >= endMs) this.#stepFirst(this.#others);
    } while (this.#urgent.size + this.#others.size > 0 && performance.now() < endMs);
    if (this.#urgent.size + this.#others.size > 0) this.#immediate ??= setImmediate(() => this.#run());
  }

  #stepFirst(jobs: Set<Job>): void {
    const [job] = jobs;
    if (job === undefined) return;
    // Whatever adds it again during its step is one more turn for it.
    jobs.delete(job);
    if (job.step()) jobs.add(job);
  }
}

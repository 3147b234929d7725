import type { EventConsumer, StartAt, Subscription } from './types.ts';

/** What follows the events of one workflow, for all its subscriptions. */
export interface FollowingTail<Follower> {
  readonly followerCount: number;
  readonly lagBytes: number;
  add(follower: Follower): void;
}

export interface TailsOptions<Follower extends Subscription, Tail extends FollowingTail<Follower>> {
  open(workflowId: string): Tail;
  follow(tail: Tail, startAt: StartAt, consumer: EventConsumer, onClose: () => void): Follower;
  /** Called once for each tail, when it is on the list no more. */
  close(tail: Tail): void;
}

/** One tail a workflow that has a subscription, and nothing for one without. */
export class Tails<Follower extends Subscription, Tail extends FollowingTail<Follower>> {
  readonly #options: TailsOptions<Follower, Tail>;
  readonly #byWorkflow = new Map<string, Tail>();
  #isClosed = false;

  constructor(options: TailsOptions<Follower, Tail>) {
    this.#options = options;
  }

  get count(): number {
    return this.#byWorkflow.size;
  }

  /** The most that one of them has still to read. */
  get lagBytes(): number {
    let most = 0;
    for (const { lagBytes } of this.all()) most = Math.max(most, lagBytes);
    return most;
  }

  all(): Iterable<Tail> {
    return this.#byWorkflow.values();
  }

  get(workflowId: string): Tail | undefined {
    return this.#byWorkflow.get(workflowId);
  }

  subscribe(workflowId: string, startAt: StartAt, consumer: EventConsumer): Subscription {
    // The server is on its way down: a stream that came too late gets nothing more.
    if (this.#isClosed) return { resume: () => undefined, close: () => undefined };
    const tail = this.get(workflowId) ?? this.#open(workflowId);
    const follower = this.#options.follow(tail, startAt, consumer, () => {
      if (tail.followerCount === 0 && this.get(workflowId) === tail) this.#close(workflowId, tail);
    });
    tail.add(follower);
    return follower;
  }

  closeAll(): void {
    this.#isClosed = true;
    for (const [workflowId, tail] of this.#byWorkflow) this.#close(workflowId, tail);
  }

  #open(workflowId: string): Tail {
    const tail = this.#options.open(workflowId);
    this.#byWorkflow.set(workflowId, tail);
    return tail;
  }

  #close(workflowId: string, tail: Tail): void {
    this.#byWorkflow.delete(workflowId);
    this.#options.close(tail);
  }
}

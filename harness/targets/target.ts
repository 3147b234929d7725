import type { ListenerOrigin } from './listener-origin.ts';

/** How a target ended. Both null: it is gone, but its exit status belongs to another parent (an attached target). */
export interface TargetExit {
  code: number | null;
  signal: string | null;
}

export interface TargetStop extends TargetExit {
  /** True: it outlived SIGTERM's grace period, and SIGKILL was needed. */
  forced: boolean;
}

/** The server under test, in the hands of a run. */
export interface Target {
  readonly kind: 'spawned' | 'attached';
  /** Root of the process tree: for a spawned target the shell, or what the shell became. */
  readonly pid: number;
  /** The command as given, or what `/proc` says of an attached process; null where the system does not tell. */
  readonly command: string | null;
  /** Who listened on its port when it was ready; null: nobody who can be seen, or it is attached. */
  readonly listener: ListenerOrigin | null;
  /** Whether that is one of its processes; null: it cannot be told, or it is attached, to a process that the user has named. */
  readonly listens: boolean | null;
  /** Resolves when the root process has ended. Never rejects. Stays pending once an attached target is let go. */
  readonly exited: Promise<TargetExit>;
  /** Whether the root process runs. */
  isAlive(): boolean;
  /** The last lines (at most 20, at most 8 KiB) that a spawned target printed; empty for an attached one. */
  lastOutput(): string;
  /**
   * Ends a spawned target: SIGTERM to the whole group, 3 s of grace, SIGKILL. Resolves when the whole group is gone.
   * An attached target is never signalled: stopping only ends the watching. Idempotent.
   */
  stop(): Promise<TargetStop>;
}

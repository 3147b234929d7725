import { redact } from './redact.ts';

/**
 * - `usage`: a wrong option or configuration; the message names it and the remedy (exit code 2).
 * - `target-start`: the target could not be started or reached.
 * - `target-lost`: the target ended or went silent while it was needed.
 * - `worker-lost`: a process that makes load ended before its work was done.
 * - `aborted`: the run was stopped from outside.
 * - `journal`: the journal could not be written or read.
 * - `internal`: a fault of the harness itself (exit code 4).
 */
export type ErrorCode =
  | 'usage'
  | 'target-start'
  | 'target-lost'
  | 'worker-lost'
  | 'aborted'
  | 'journal'
  | 'internal';

/**
 * The one error class of the harness. The message says what happened, to what, with which values, and what to try.
 * A target's misbehaviour is data for the journal, not an error. Secrets in the message are hidden: it can quote a target's output.
 */
export class HydrotestError extends Error {
  readonly code: ErrorCode;
  readonly observed: Readonly<Record<string, string | number | boolean | null>>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; observed?: Record<string, string | number | boolean | null> } = {},
  ) {
    super(redact(message), { cause: options.cause });
    this.name = 'HydrotestError';
    this.code = code;
    this.observed = Object.fromEntries(
      Object.entries(options.observed ?? {}).map(([name, value]) => [
        name,
        typeof value === 'string' ? redact(value) : value,
      ]),
    );
  }
}

/** In words what was thrown, which may be anything. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

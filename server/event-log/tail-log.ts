import type { SkipReason } from './line-splitter.ts';

export type EventLogger = Record<'info' | 'warn', (facts: object, message: string) => void>;

const FAILURES = {
  watch: 'cannot watch the event log: only the poll looks at it',
  open: 'cannot open the event log: the poll tries again',
  read: 'cannot read the event log: the poll tries again',
};

export type FailedAction = keyof typeof FAILURES;

/** What one tail says in the log, so that a fault that lasts is told once and not at every poll. */
export class TailLog {
  readonly #logger: EventLogger;
  readonly #workflowId: string;
  readonly #path: string;
  /** The code of the last failure told, by action. */
  readonly #told = new Map<FailedAction, string>();
  #skippedLineCount = 0;

  constructor(logger: EventLogger, workflowId: string, path: string) {
    this.#logger = logger;
    this.#workflowId = workflowId;
    this.#path = path;
  }

  failed(action: FailedAction, cause: unknown): void {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    if (this.#told.get(action) === code) return;
    this.#told.set(action, code);
    const { [action]: message } = FAILURES;
    this.#logger.warn({ workflowId: this.#workflowId, path: this.#path, err: cause }, message);
  }

  succeeded(action: FailedAction): void {
    this.#told.delete(action);
  }

  /** Counts a line that was left out: once for each reader that came upon it. */
  skipped(reason: SkipReason, lineOffset: number): void {
    this.#skippedLineCount += 1;
    if (this.#skippedLineCount > 1) return;
    this.#logger.warn(
      { workflowId: this.#workflowId, path: this.#path, reason, lineOffset },
      'line of the event log skipped; further ones are only counted',
    );
  }

  /** The file is no longer read: what comes next is another one, and is counted anew. */
  fileDropped(): void {
    this.#told.delete('read');
    const skippedLineCount = this.#skippedLineCount;
    this.#skippedLineCount = 0;
    if (skippedLineCount === 0) return;
    const facts = { workflowId: this.#workflowId, path: this.#path, skippedLineCount };
    this.#logger.info(facts, 'event log closed; lines of it were skipped');
  }

  consumerThrew(cause: unknown): void {
    this.#logger.warn(
      { workflowId: this.#workflowId, err: cause },
      'a stream threw while it took events; its subscription is closed',
    );
  }
}

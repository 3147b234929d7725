import { redact } from '../redact.ts';
import type { RunStatus } from '../run.ts';
import { plainProgress } from './plain.ts';
import { terminalProgress } from './terminal.ts';

/** For people who wait: a block that is rewritten in place on a terminal, a plain line now and then in a log. */
export interface Progress {
  update(status: RunStatus): void;
  /** Says something that stays. */
  note(text: string): void;
  /** Removes the block. Idempotent. */
  close(): void;
}

/** What stays is without secrets; `noteAddress` is for the live page's own, which is of no use without its token. */
export function createProgress(stream: NodeJS.WriteStream): Progress & { noteAddress(text: string): void } {
  const progress = stream.isTTY ? terminalProgress(stream) : plainProgress(stream);
  return { ...progress, note: (text) => progress.note(redact(text)), noteAddress: progress.note };
}

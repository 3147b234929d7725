import { HydrotestError } from '../errors.ts';
import { EXIT_NOT_MEASURED } from '../exit-codes.ts';

/** One Ctrl-C can arrive twice: from the terminal, and passed on by a package runner. No hand is quicker than this. */
const SAME_INTERRUPT_MS = 200;

/** Ctrl-C once: stop gently and report. Twice: end at once; the guardian ends the target. */
export function listenForInterrupts(terminal: { note(text: string): void; close(): void }): {
  signal: AbortSignal;
  close(): void;
} {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt < SAME_INTERRUPT_MS) return;
      terminal.close();
      process.exit(EXIT_NOT_MEASURED);
    }
    firstAt = performance.now();
    terminal.note(`${name}: stopping, the report follows (once more to end at once)`);
    controller.abort(new HydrotestError('aborted', `${name} received`));
  };
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.on(name, onSignal);
  return {
    signal: controller.signal,
    close() {
      for (const name of names) process.off(name, onSignal);
    },
  };
}

import { destination } from 'pino';

/** What waits for the log's reader or for its disk; beyond it lines are lost, and counted. */
const maxWaitingBytes = 1024 * 1024;

export interface LogOutput {
  write(line: string): void;
  /** Something waits that the reader has not taken: whoever exits in the usual way would wait for it. */
  readonly isStuck: boolean;
}

/**
 * The log, to a file descriptor. Never throws and never waits: a disk that is full or a reader that has stopped costs lines, not
 * the server. `onTrouble` is called once when writing begins to fail, `onRecovery` with the number of lines that were lost.
 */
export function openLogOutput(
  fd: number,
  { onTrouble, onRecovery }: { onTrouble(error: Error): void; onRecovery(lostLines: number): void },
): LogOutput {
  // Not synchronous: a write into a pipe that nobody reads would stop the server for as long. Lines that are there when the process
  // ends by itself, or by process.exit, are written then.
  const output = destination({ fd, sync: false, maxLength: maxWaitingBytes });
  let isFailing = false;
  let lostLines = 0;
  let waiting = 0;
  output.on('error', (error: Error) => {
    if (!isFailing) onTrouble(error);
    isFailing = true;
  });
  output.on('drop', () => {
    lostLines += 1;
  });
  output.on('drain', () => {
    waiting = 0;
    isFailing = false;
    if (lostLines === 0) return;
    const lost = lostLines;
    lostLines = 0;
    onRecovery(lost);
  });
  return {
    write(line) {
      waiting += 1;
      output.write(line);
    },
    get isStuck() {
      return waiting > 0;
    },
  };
}

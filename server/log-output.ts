import { write, writeSync } from 'node:fs';

/** What waits for the log's reader or for its disk; beyond it lines are lost, and counted. */
const maxWaitingBytes = 1024 * 1024;

/** A pipe that its other end made non-blocking is full: so long until it is tried again. */
const tryAgainMs = 100;

const NOTHING = Buffer.alloc(0);

export interface LogOutput {
  write(line: string): void;
  /** Something waits that the reader has not taken: whoever exits in the usual way would wait for it. */
  readonly isStuck: boolean;
}

/**
 * The log, to a file descriptor. Never throws and never waits: a disk that is full or a reader that has stopped costs lines, not
 * the server. `onTrouble` is called once when writing begins to fail, `onRecovery` with the number of lines that were lost.
 *
 * pino's own destination is not used: at the end of the process it tries for ever to write to a full disk (sonic-boom, flushSync).
 */
export function openLogOutput(
  fd: number,
  { onTrouble, onRecovery }: { onTrouble(error: Error): void; onRecovery(lostLines: number): void },
): LogOutput {
  let waiting: string[] = [];
  let waitingBytes = 0;
  /** What a write took only a part of, or nothing; it goes out first, so that no line is torn. */
  let rest = NOTHING;
  let isWriting = false;
  let isScheduled = false;
  let isFailing = false;
  let lostLines = 0;

  /** Later in this turn: its lines go out together, and those before a process.exit are still here at the exit. */
  function writeSoon(): void {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(() => {
      isScheduled = false;
      writeOn();
    });
  }

  // Not synchronous: a write into a pipe that nobody reads would stop the server for as long.
  function writeOn(): void {
    if (isWriting) return;
    takeWaiting();
    if (rest.length === 0) return;
    isWriting = true;
    write(fd, rest, (error, writtenBytes) => {
      isWriting = false;
      if (error === null) {
        rest = rest.subarray(writtenBytes);
        recovered();
        writeOn();
      } else if (error.code === 'EAGAIN') {
        setTimeout(writeOn, tryAgainMs).unref();
      } else {
        // The next line tries again.
        if (!isFailing) onTrouble(error);
        isFailing = true;
      }
    });
  }

  function takeWaiting(): void {
    if (rest.length > 0 || waiting.length === 0) return;
    rest = Buffer.from(waiting.join(''));
    waiting = [];
    waitingBytes = 0;
  }

  function recovered(): void {
    isFailing = false;
    if (lostLines === 0) return;
    const lost = lostLines;
    lostLines = 0;
    onRecovery(lost);
  }

  // The process ends by itself or by process.exit: what is left goes out now, if it can.
  process.once('exit', () => {
    if (isWriting) return;
    try {
      for (takeWaiting(); rest.length > 0; takeWaiting()) rest = rest.subarray(writeSync(fd, rest));
    } catch {
      // It is lost, and there is nobody left to tell.
    }
  });

  return {
    write(line) {
      if (waitingBytes + rest.length + line.length > maxWaitingBytes) {
        lostLines += 1;
      } else {
        waiting.push(line);
        waitingBytes += line.length;
      }
      writeSoon();
    },
    get isStuck() {
      return isWriting;
    },
  };
}

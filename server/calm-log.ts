import type { Logger } from 'pino';

type Level = 'info' | 'warn' | 'error';
type Write = (facts: object, message: string) => void;

/** A log that says everything, but not ten thousand times a second: whoever floods the server must not fill its disk. */
export type CalmLog = Record<Level, Write> & {
  /** What happens to a client by the thousand when the server is attacked: told at once, then once a period with a count. */
  seldom: Write;
  /** Writes what was left out, and ends. Idempotent. */
  close(): void;
};

export interface CalmLogOptions {
  /** Lines of one message that are written in a period; the others are counted. */
  most: number;
  periodMs: number;
}

/** 20 lines a second of one message, some 6 KB, are more than a person reads. */
const DEFAULTS: CalmLogOptions = { most: 200, periodMs: 10_000 };

interface Told {
  written: number;
  leftOut: number;
  timer: NodeJS.Timeout;
}

/** Messages are texts of the program, few and always the same: what differs belongs into the facts. */
export function createCalmLog(
  logger: Pick<Logger, Level>,
  { most, periodMs }: CalmLogOptions = DEFAULTS,
): CalmLog {
  const toldByMessage = new Map<string, Told>();

  function write(level: Level, atMost: number, facts: object, message: string): void {
    let told = toldByMessage.get(message);
    if (told === undefined) {
      const timer = setTimeout(() => endPeriod(level, message), periodMs).unref();
      told = { written: 0, leftOut: 0, timer };
      toldByMessage.set(message, told);
    }
    if (told.written >= atMost) {
      told.leftOut += 1;
      return;
    }
    told.written += 1;
    logger[level](facts, message);
  }

  /** The next period begins at once where this one was too short for all: a flood is one line a period. */
  function endPeriod(level: Level, message: string): void {
    const told = toldByMessage.get(message);
    if (told === undefined) return;
    if (told.leftOut === 0) {
      toldByMessage.delete(message);
      return;
    }
    logger[level]({ leftOut: told.leftOut }, message);
    told.leftOut = 0;
    told.timer = setTimeout(() => endPeriod(level, message), periodMs).unref();
  }

  return {
    info: (facts, message) => write('info', most, facts, message),
    warn: (facts, message) => write('warn', most, facts, message),
    error: (facts, message) => write('error', most, facts, message),
    seldom: (facts, message) => write('warn', 1, facts, message),
    close() {
      for (const [message, { leftOut, timer }] of toldByMessage) {
        clearTimeout(timer);
        if (leftOut > 0) logger.warn({ leftOut }, message);
      }
      toldByMessage.clear();
    },
  };
}

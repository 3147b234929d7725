import type { ImportedLog } from './sqlite/log-importer.ts';

const MB = 1e6;
/** On a terminal the line is written over; in a file each one stays. */
const TERMINAL_MS = 200;
const FILE_MS = 5000;

export interface ImportProgress {
  /** Told of the bytes of one log so far. */
  ofLog(): (bytes: number) => void;
  done(log: ImportedLog): void;
  failed(error: Error): void;
  /** Says what became of it. */
  end(): void;
}

/** Writes to standard error how far an import is: percent, rate, and how long it takes at this rate. */
export function createImportProgress(totalBytes: number): ImportProgress {
  const startedMs = performance.now();
  const { isTTY } = process.stderr;
  const intervalMs = isTTY ? TERMINAL_MS : FILE_MS;
  let nextMs = startedMs + intervalMs;
  let doneBytes = 0;
  const sum: ImportedLog = { eventCount: 0, bytes: 0, skippedLineCount: 0 };

  const clear = () => isTTY && process.stderr.write('\r\x1b[K');
  function show(bytes: number): void {
    const nowMs = performance.now();
    if (nowMs < nextMs) return;
    nextMs = nowMs + intervalMs;
    const line = progressLine(bytes, totalBytes, nowMs - startedMs);
    process.stderr.write(isTTY ? `\r${line}\x1b[K` : `${line}\n`);
  }

  return {
    ofLog: () => (bytes) => show(doneBytes + bytes),
    done({ eventCount, bytes, skippedLineCount }) {
      doneBytes += bytes;
      sum.eventCount += eventCount;
      sum.bytes += bytes;
      sum.skippedLineCount += skippedLineCount;
    },
    failed({ message }) {
      clear();
      process.stderr.write(`error: ${message}\n`);
    },
    end() {
      clear();
      const seconds = (performance.now() - startedMs) / 1000;
      const skipped = sum.skippedLineCount === 0 ? '' : `, ${sum.skippedLineCount} lines skipped`;
      process.stderr.write(
        `imported ${sum.eventCount} events, ${(sum.bytes / MB).toFixed(1)} MB in ${seconds.toFixed(1)} s${skipped}\n`,
      );
    },
  };
}

/** A log that grows meanwhile is never more than all there. */
export function progressLine(bytes: number, totalBytes: number, elapsedMs: number): string {
  const share = totalBytes === 0 ? 1 : Math.min(1, bytes / totalBytes);
  const rate = bytes / (elapsedMs / 1000);
  const left = Math.max(0, totalBytes - bytes) / rate;
  const eta = Number.isFinite(left) ? `${Math.ceil(left)} s left` : 'no telling how long it takes';
  return `${(100 * share).toFixed(1)} %, ${(bytes / MB).toFixed(0)} of ${(totalBytes / MB).toFixed(0)} MB, ${(rate / MB).toFixed(1)} MB/s, ${eta}`;
}

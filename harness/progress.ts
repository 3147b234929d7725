import { styleText } from 'node:util';
import type { RunStatus } from './run.ts';

/** A line for people who wait: rewritten in place on a terminal, a plain line now and then in a log. */
export interface Progress {
  update(status: RunStatus): void;
  note(text: string): void;
  /** Removes the line. Idempotent. */
  close(): void;
}

const REDRAW_MS = 100;

/** In a log, a phase of many minutes still says every so often that it is alive. */
const LOG_INTERVAL_MS = 15_000;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? terminalProgress(stream) : plainProgress(stream);
}

function terminalProgress(stream: NodeJS.WriteStream): Progress {
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;
  const clear = () => {
    if (drawn) stream.write('\r\x1b[2K');
    drawn = false;
  };
  return {
    update(status) {
      if (performance.now() - drawnAt < REDRAW_MS) return;
      drawnAt = performance.now();
      const text = describe(status, true).slice(0, Math.max(20, (stream.columns || 80) - 1));
      stream.write(`\r\x1b[2K${styleText('dim', text, { stream })}`);
      drawn = true;
    },
    note(text) {
      clear();
      stream.write(`${text}\n`);
    },
    close: clear,
  };
}

function plainProgress(stream: NodeJS.WriteStream): Progress {
  let last = '';
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    update(status) {
      const place = `${status.scenario} ${status.phase}`;
      if (place === last && performance.now() - loggedAt < LOG_INTERVAL_MS) return;
      last = place;
      loggedAt = performance.now();
      stream.write(`${describe(status, false)}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    close() {},
  };
}

function describe(status: RunStatus, withCounts: boolean): string {
  const { scenario, position, total, phase, cycle, elapsedMs, openStreamCount, rssBytes } = status;
  const parts = [`${clock(elapsedMs)}  ${position}/${total} ${scenario}: ${phase}`];
  if (cycle !== null) parts.push(cycle);
  if (withCounts) parts.push(`${openStreamCount} open`);
  if (rssBytes !== null) parts.push(`${Math.round(rssBytes / 1e6)} MB`);
  return parts.join(' · ');
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const rest = `${String(Math.floor(seconds / 60) % 60).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  return seconds < 3600 ? rest : `${Math.floor(seconds / 3600)}:${rest}`;
}

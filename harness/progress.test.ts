import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createProgress } from './progress.ts';
import type { RunStatus } from './run.ts';

const STATUS: RunStatus = {
  scenario: 'churn',
  position: 4,
  total: 8,
  phase: 'measure abrupt drop',
  cycle: 'cycle 7 of 18',
  elapsedMs: 65_000,
  openStreamCount: 20,
  eventCount: 300,
  rssBytes: 104.6e6,
};

/** To the beginning of the line, and away with it (ECMA-48, EL). */
const CLEAR = '\r\x1b[2K';

/** A stream that is a terminal of so many columns, or none. */
function output(terminal: { columns: number | undefined } | null) {
  const stream = Object.assign(new PassThrough(), { isTTY: terminal !== null, columns: terminal?.columns });
  const text = () => String(stream.read() ?? '');
  return { stream: stream as unknown as NodeJS.WriteStream, text };
}

// Only the clock that spaces the lines is held still; nothing here waits for it.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

describe('in a log', () => {
  it('writes a plain line for each phase', () => {
    const { stream, text } = output(null);
    const progress = createProgress(stream);
    progress.update(STATUS);
    progress.update({ ...STATUS, cycle: 'cycle 8 of 18' });
    progress.update({ ...STATUS, phase: 'clean-up', cycle: null, rssBytes: null });
    progress.update({ ...STATUS, scenario: 'reject', phase: 'clean-up', cycle: null, elapsedMs: 3_725_000 });
    progress.close();
    progress.close();
    expect(text()).toBe(
      [
        '01:05  4/8 churn: measure abrupt drop · cycle 7 of 18 · 105 MB',
        '01:05  4/8 churn: clean-up',
        '1:02:05  4/8 reject: clean-up · 105 MB',
        '',
      ].join('\n'),
    );
  });

  it('says every so often that a long phase is alive', () => {
    const { stream, text } = output(null);
    const progress = createProgress(stream);
    for (let second = 0; second < 60; second++) {
      progress.update(STATUS);
      vi.advanceTimersByTime(1000);
    }
    expect(text().split('\n').slice(0, -1)).toHaveLength(4);
  });

  it('passes notes on', () => {
    const { stream, text } = output(null);
    createProgress(stream).note('skipped reject: no limit');
    expect(text()).toBe('skipped reject: no limit\n');
  });
});

describe('on a terminal', () => {
  it('rewrites one line in place, with the counts, and removes it in the end', () => {
    const { stream, text } = output({ columns: 100 });
    const progress = createProgress(stream);
    progress.update(STATUS);
    const line = text();
    expect(line).toContain(CLEAR);
    expect(line).not.toContain('\n');
    expect(stripVTControlCharacters(line)).toContain(
      '01:05  4/8 churn: measure abrupt drop · cycle 7 of 18 · 20 open · 105 MB',
    );
    progress.close();
    progress.close();
    expect(text()).toBe(CLEAR);
  });

  it('does not draw faster than the eye sees', () => {
    const { stream, text } = output({ columns: 100 });
    const progress = createProgress(stream);
    for (let i = 0; i < 100; i++) progress.update(STATUS);
    expect(text().match(/churn/g)).toHaveLength(1);
    vi.advanceTimersByTime(100);
    progress.update(STATUS);
    expect(text()).toContain('churn');
  });

  it('puts a note in place of the line', () => {
    const { stream, text } = output({ columns: 100 });
    const progress = createProgress(stream);
    progress.note('first');
    expect(text()).toBe('first\n');
    progress.update(STATUS);
    text();
    progress.note('SIGINT: stopping');
    expect(text()).toBe(`${CLEAR}SIGINT: stopping\n`);
  });

  it.each([
    [30, 29],
    [5, 20],
    [0, 72],
    [undefined, 72],
  ])('of %s columns: the line does not wrap', (columns, width) => {
    const { stream, text } = output({ columns });
    createProgress(stream).update(STATUS);
    expect(stripVTControlCharacters(text()).trimStart()).toHaveLength(width);
  });
});

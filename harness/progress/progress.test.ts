import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunStatus } from '../run.ts';
import { createProgress, type Progress } from './progress.ts';
import { Screen } from './testing/screen.ts';
import { STATUS } from './testing/status.ts';

const BLOCK = [
  '4/8 churn · measure abrupt drop · cycle 7 of 18',
  'streams  20 open · 3,000 events',
  'memory   105 MB now, 105 MB at most, of 500 MB  ▁',
  'growth   so far 12.3 B a connection (threshold 48 B)',
  'time     01:05 · about 2 min left',
];

const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';

const opened: Progress[] = [];

function log() {
  const stream = new PassThrough();
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => String(stream.read() ?? '') };
}

function terminal(columns = 100, rows = 30) {
  const screen = new Screen(columns, rows);
  const progress = createProgress(screen.stream);
  opened.push(progress);
  /** As if the time between two pictures had gone by. */
  const show = (status: Partial<RunStatus> = {}) => {
    vi.advanceTimersByTime(100);
    progress.update({ ...STATUS, ...status });
  };
  return { screen, progress, show };
}

// Only the clock that spaces the pictures is held still; nothing here waits for it.
beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => {
  for (const progress of opened.splice(0)) progress.close();
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe('in a log', () => {
  it('writes a plain line for each phase', () => {
    const { stream, text } = log();
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
    const { stream, text } = log();
    const progress = createProgress(stream);
    for (let second = 0; second < 60; second++) {
      progress.update(STATUS);
      vi.advanceTimersByTime(1000);
    }
    expect(text().split('\n').slice(0, -1)).toHaveLength(4);
  });

  it('passes notes on', () => {
    const { stream, text } = log();
    createProgress(stream).note('skipped reject: no limit');
    expect(text()).toBe('skipped reject: no limit\n');
  });
});

describe('on a terminal', () => {
  it('shows nothing of the memory of the run before, also in the same scenario', () => {
    const { screen, show } = terminal();
    const memory = () => screen.text.split('\n').find((line) => line.startsWith('memory'));
    show({ rssBytes: 200e6 });
    show({ elapsedMs: 66_000, rssBytes: 100e6 });
    expect(memory()).toBe('memory   100 MB now, 200 MB at most, of 500 MB  █▁');
    show({ elapsedMs: 500, rssBytes: 90e6 });
    expect(memory()).toBe('memory   90 MB now, 90 MB at most, of 500 MB  ▁');
    show({ elapsedMs: 1500, rssBytes: 100e6 });
    expect(memory()).toBe('memory   100 MB now, 100 MB at most, of 500 MB  ▁█');
  });

  it('rewrites a block in place, each picture in one write, and removes it in the end', () => {
    const { screen, progress, show } = terminal();
    screen.write('$ hydrotest\n');
    show();
    expect(screen.text).toBe(['$ hydrotest', ...BLOCK].join('\n'));
    show({ phase: 'clean-up', cycle: null, growth: null, leftMs: null, elapsedMs: 66_000, rssBytes: 90e6 });
    expect(screen.text).toBe(
      [
        '$ hydrotest',
        '4/8 churn · clean-up',
        'streams  20 open · 3,000 events',
        'memory   90 MB now, 105 MB at most, of 500 MB  █▁',
        'time     01:06',
      ].join('\n'),
    );
    expect(screen.writes).toHaveLength(3);
    for (const picture of screen.writes.slice(1)) {
      expect(picture.startsWith(BEGIN) && picture.endsWith(END)).toBe(true);
      expect(picture).not.toContain('\x1b[2J');
    }
    progress.close();
    progress.close();
    expect(screen.text).toBe('$ hydrotest');
    expect(screen.cursor).toEqual({ row: 1, column: 0 });
    expect(screen.writes).toHaveLength(4);
    show();
    expect(screen.text).toBe('$ hydrotest');
    expect(screen.listenerCount('resize')).toBe(0);
  });

  it('does not draw faster than the eye sees', () => {
    const { screen, progress, show } = terminal();
    show();
    for (let i = 0; i < 100; i++) progress.update(STATUS);
    expect(screen.writes).toHaveLength(1);
    show();
    expect(screen.writes).toHaveLength(2);
  });

  it('puts notes above the block, where they stay', () => {
    const { screen, progress, show } = terminal();
    progress.note('first');
    show();
    progress.note('skipped reject: no limit\nsecond line');
    progress.note('third');
    show();
    const notes = ['first', 'skipped reject: no limit', 'second line', 'third'];
    expect(screen.text).toBe([...notes, ...BLOCK].join('\n'));
    progress.close();
    progress.note('last');
    expect(screen.text).toBe([...notes, 'last'].join('\n'));
  });

  it.each([59, 60, 61, 120, 130])('shows a note of %i characters whole on 60 columns', (length) => {
    const { screen, progress, show } = terminal(60);
    show();
    const block = screen.text;
    progress.note('x'.repeat(length - 1).concat('!'));
    expect(screen.text.replaceAll('\n', '')).toBe(
      'x'.repeat(length - 1).concat('!', block.replaceAll('\n', '')),
    );
    progress.close();
    expect(screen.text.replaceAll('\n', '')).toHaveLength(length);
  });

  it("is not disturbed by the terminal's own ^C", () => {
    const { screen, progress, show } = terminal();
    show();
    screen.write('^C');
    progress.note('SIGINT: stopping');
    show();
    expect(screen.text).toBe(['SIGINT: stopping', ...BLOCK].join('\n'));
  });

  it.each([100, 60, 30, 12])('of %i columns: no line wraps', (columns) => {
    const { screen, show } = terminal(columns);
    show();
    show({ elapsedMs: 66_000 });
    expect(screen.text.split('\n')).toHaveLength(columns < 20 ? 10 : 5);
    if (columns >= 20) for (const line of screen.text.split('\n')) expect(line.length).toBeLessThan(columns);
    if (columns === 30) expect(screen.text.split('\n')[0]).toBe('4/8 churn · measure abrupt d…');
  });

  it('takes 80 columns where the terminal does not say', () => {
    const { screen, show } = terminal();
    Object.assign(screen, { columns: 0, rows: 0 });
    show({ phase: 'x'.repeat(100) });
    expect(screen.writes[0]).toContain('x'.repeat(66));
    expect(screen.writes[0]).not.toContain('x'.repeat(67));
  });

  it('follows a change of the width, narrower and wider', () => {
    const { screen, progress, show } = terminal(70);
    screen.write('$ hydrotest\n');
    show();
    screen.resize(40);
    const narrow = screen.text.split('\n');
    expect(narrow).toHaveLength(6);
    expect(narrow.slice(0, 2)).toEqual(['$ hydrotest', '4/8 churn · measure abrupt drop · cycl…']);
    screen.resize(100);
    expect(screen.text).toBe(['$ hydrotest', ...BLOCK].join('\n'));
    progress.close();
    expect(screen.text).toBe('$ hydrotest');
  });

  it('is never higher than the terminal', () => {
    const { screen, show } = terminal(100, 3);
    show();
    expect(screen.text).toBe(BLOCK.slice(0, 2).join('\n'));
  });

  it('cuts wide characters whole, and takes the sting out of control characters', () => {
    const { screen, show } = terminal(30);
    show({ scenario: '\x1b[31mab\x1b]0;title\x07c\nd', phase: '漢字漢字漢字漢字漢字漢字' });
    expect(screen.text.split('\n')[0]).toBe('4/8 abc d · 漢字漢字漢字漢字…');
    show({ phase: '\x1b[2J\x1b[Hhome \u202Eback' });
    expect(screen.text.split('\n')[0]).toContain('home back');
  });

  it('draws the last readings of this scenario only, as many as there is room for', () => {
    const { screen, show } = terminal(120);
    for (let n = 0; n < 60; n++) show({ rssBytes: 1e8 + n * 1e6, elapsedMs: 65_000 + n * 1000 });
    const bars = () => screen.text.split('\n')[2]?.match(/[▁-█]+/)?.[0] ?? '';
    expect(bars()).toHaveLength(40);
    expect(bars()).toMatch(/^▁+▂+▃+▄+▅+▆+▇+█+$/);
    // Readings that are nearer than that are not drawn: they come in bursts.
    show({ rssBytes: 1e8, elapsedMs: 65_000 + 59_100 });
    expect(bars().at(-1)).toBe('█');
    screen.resize(60);
    show({ elapsedMs: 65_000 + 59_200 });
    expect(bars()).toHaveLength(60 - 1 - 'memory   105 MB now, 159 MB at most, of 500 MB  '.length);
    show({ scenario: 'reject', rssBytes: 90e6, elapsedMs: 200_000 });
    expect(screen.text.split('\n')[2]).toBe('memory   90 MB now, 90 MB at most, of 500 MB  ▁');
  });

  it.each([
    [{ rssBytes: null }, 2, 'memory   no reading yet'],
    [{ growth: { unit: 'event', bytesPerUnit: null, thresholdBytes: 16 } }, 3, 'growth   too few cycles yet'],
    [
      { growth: { unit: 'second', bytesPerUnit: -1500, thresholdBytes: 2048 } },
      3,
      'growth   so far −1.5 kB a second (threshold 2.05 kB)',
    ],
    [{ leftMs: 2000 }, 4, 'time     01:05 · about 10 s left'],
    [{ leftMs: 94_000 }, 4, 'time     01:05 · about 90 s left'],
    [{ leftMs: 8_000_000 }, 4, 'time     01:05 · about 2 h left'],
    [{ leftMs: null }, 4, 'time     01:05'],
  ] as const)('says %o', (status, line, text) => {
    const { screen, show } = terminal();
    show(status);
    expect(screen.text.split('\n')[line]).toBe(text);
  });

  it('begins anew below what was written while it was in the background', () => {
    const { screen, show } = terminal();
    show();
    screen.write('[1]+ Stopped\n$ fg\n');
    process.emit('SIGCONT');
    show();
    expect(screen.text).toBe([...BLOCK, '[1]+ Stopped', '$ fg', ...BLOCK].join('\n'));
  });

  it.each([
    ['', true],
    ['1', false],
  ])('NO_COLOR=%s: dimmed or not, in CI too', (value, dimmed) => {
    vi.stubEnv('NO_COLOR', value === '' ? undefined : value);
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('TERM', 'xterm-256color');
    vi.stubEnv('CI', 'true');
    const { screen, show } = terminal();
    show();
    expect(screen.writes[0]?.includes('\x1b[2m')).toBe(dimmed);
  });
});

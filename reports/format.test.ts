import { describe, expect, test } from 'vitest';
import { formatBytes, formatCounts, formatDuration, formatInterval, formatLongTime } from './format.ts';
import { hostileText } from './testing/sample-report.ts';
import { cleanText, oneLine, textWidth, wrapText } from './text.ts';

describe('numbers', () => {
  test.each([
    [0, '0 B'],
    [0.42, '0.42 B'],
    [-3.1, '−3.1 B'],
    [999, '999 B'],
    [999.6, '1 kB'],
    [1000, '1 kB'],
    [83_400_000, '83.4 MB'],
    [500_000_000, '500 MB'],
    [999_499_999, '999 MB'],
    [999_500_000, '1 GB'],
    [8_340_000_000, '8.34 GB'],
    [null, 'not measured'],
    [Number.NaN, 'not measured'],
  ])('%s bytes are %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  test.each([
    [0, '0 ms'],
    [3.21, '3.21 ms'],
    [999.4, '999 ms'],
    [999.6, '1 s'],
    [12_440, '12.4 s'],
    [59_949, '59.9 s'],
    [59_950, '1 min'],
    [161_000, '2 min 41 s'],
    [3_599_600, '1 h'],
    [3_900_000, '1 h 5 min'],
    [-250, '−250 ms'],
    [null, 'not measured'],
  ])('%s ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    [0.4, 'less than a second'],
    [1, '1 second'],
    [119, '119 seconds'],
    [120, '2 minutes'],
    [468.5, '7.8 minutes'],
    [7199, '120 minutes'],
    [58_140, '16 hours'],
    [2.9e6, '34 days'],
    [86_400 * 400, '400 days'],
    [86_400 * 365.25 * 2.5, '2.5 years'],
    [86_400 * 365.25 * 99.9, '100 years'],
    [86_400 * 365.25 * 101, 'over 100 years'],
    [Number.POSITIVE_INFINITY, 'over 100 years'],
  ])('%s s are %s to a person', (seconds, text) => {
    expect(formatLongTime(seconds)).toBe(text);
  });

  test.each([
    [-3.1, 3.9, '−3.1 to 3.9 B'],
    [20_512, 22_190, '20.5 to 22.2 kB'],
    [850, 1200, '850 B to 1.2 kB'],
    [null, null, 'not measured'],
  ])('an interval from %s to %s is %s', (low, high, text) => {
    expect(formatInterval(low, high)).toBe(text);
  });

  test('counts leave out what did not occur', () => {
    expect(formatCounts({ pass: 1200, fail: 2, inconclusive: 0, invalid: 0 })).toBe(
      '1,200 passed · 2 failed',
    );
    expect(formatCounts({ pass: 0, fail: 0, inconclusive: 0, invalid: 0 })).toBe('no findings');
  });
});

describe('text', () => {
  test('loses escapes, controls, bidirectional controls and lone surrogates, keeps letters and line feeds', () => {
    const clean = cleanText(hostileText);
    expect(clean).not.toMatch(/(?!\n)\p{Cc}|\p{Cs}|[\u202a-\u202e\u2028]/u);
    expect(clean).toContain('مرحبا 日本語 🦄');
    expect(cleanText('a\r\nb\rc')).toBe('a\nb\nc');
    expect(oneLine('a\n\n  b\t')).toBe('a b');
    expect(cleanText('\u001b]8;;http://x\u0007link\u001b]8;;\u0007')).toBe('link');
  });

  test('wraps at the width, breaks long words, counts wide characters as two', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('abcdefghij k', 4)).toEqual(['abcd', 'efgh', 'ij k']);
    expect(textWidth('日本🦄é')).toBe(7);
    expect(wrapText('日本語日本語', 5)).toEqual(['日本', '語日', '本語']);
    expect(wrapText('', 10)).toEqual(['']);
  });
});

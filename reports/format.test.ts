import { describe, expect, test } from 'vitest';
import { evidenceFacts, factLabel, factValue, formatBytes, formatCounts, formatDuration } from './format.ts';
import { finding, leak } from './testing/sample-findings.ts';
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

  test('counts leave out what did not occur', () => {
    expect(formatCounts({ pass: 1200, fail: 2, inconclusive: 0, invalid: 0 })).toBe(
      '1,200 passed · 2 failed',
    );
    expect(formatCounts({ pass: 0, fail: 0, inconclusive: 0, invalid: 0 })).toBe('no findings');
  });
});

describe('facts', () => {
  test.each([
    ['peakRssBytes', 83_400_000, 'peak RSS', '83.4 MB'],
    ['openStreamCount', 12_000, 'open streams', '12,000'],
    ['acceptedCount', 5, 'accepted', '5'],
    ['retryCount', 2, 'retries', '2'],
    ['processCount', 2, 'processes', '2'],
    ['closeWaitMs', 1500, 'close wait', '1.5 s'],
    ['landedRatio', 0.984, 'landed ratio', '0.98'],
    ['limit', 5, 'limit', '5'],
    ['p99LatencyMs', 8.4, 'p99 latency', '8.4 ms'],
    ['heapBytes', null, 'heap', 'not measured'],
    ['endedProperly', false, 'ended properly', 'no'],
    ['closeReason', 'max_duration', 'close reason', 'max_duration'],
    ['endedByServerCount', 3, 'ended by server', '3'],
    ['pid', 21_052, 'PID', '21052'],
    ['Count', 1, 'count', '1'],
  ])('%s: %s', (key, value, label, text) => {
    expect([factLabel(key), factValue(key, value)]).toEqual([label, text]);
  });

  test('a leak without a rate says that it was not measured, never 0', () => {
    const facts = evidenceFacts(
      leak('churn', 'abrupt drop', 'connection', 'invalid', [null, null, null], 10),
    );
    expect(facts).toContainEqual({ label: 'leak rate', value: 'not measured' });
    expect(facts).toContainEqual({ label: '95 % interval', value: 'not measured' });
  });

  test('values from outside are cleaned', () => {
    const facts = evidenceFacts(
      finding('cleanup', 'orphans', '', { lastOutput: '\u001b[31mred\u0000\u202e' }),
    );
    expect(facts).toEqual([{ label: 'last output', value: 'red' }]);
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

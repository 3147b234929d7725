import { describe, expect, test } from 'vitest';
import { textWidth } from '../../reports/text.ts';
import { eventLine, jsonLine } from './event-line.ts';

const CAME = Date.UTC(2026, 0, 2, 3, 4, 5);
const line = (event: unknown, columns: number | null = null) =>
  eventLine(typeof event === 'string' ? event : JSON.stringify(event), CAME, columns);

describe('an event is a line with its time, its type and its text', () => {
  test.each([
    [
      { type: 'step', timestamp: '2025-05-06T07:08:09.123Z', message: 'done' },
      '2025-05-06T07:08:09Z  step                  done',
    ],
    [
      { event_type: 'step', time: Date.UTC(2025, 4, 6), text: 'done' },
      '2025-05-06T00:00:00Z  step                  done',
    ],
    [{ type: 'step', at: 'some day', n: 1 }, '2026-01-02T03:04:05Z  step                  {"n":1}'],
    [{ n: 1, s: 'x' }, '2026-01-02T03:04:05Z                        {"n":1,"s":"x"}'],
    [{ type: 7, message: { a: 1 } }, '2026-01-02T03:04:05Z  7                     {"message":{"a":1}}'],
    ['"words"', '2026-01-02T03:04:05Z                        words'],
    ['[1,2]', '2026-01-02T03:04:05Z                        [1,2]'],
    ['no JSON', '2026-01-02T03:04:05Z                        no JSON'],
  ])('%j', (event, expected) => expect(line(event)).toBe(expected));

  test('as wide as there is room, also where characters are wide', () => {
    for (const message of ['x'.repeat(5000), '漢'.repeat(500), '👩‍👩‍👧'.repeat(50)]) {
      const cut = line({ type: 't', message }, 80);
      expect(textWidth(cut)).toBeLessThanOrEqual(80);
      expect(textWidth(cut)).toBeGreaterThan(76);
      expect(cut).toMatch(/…$/);
    }
    expect(line({ type: 't', message: 'short' }, 80)).toMatch(/short$/);
    expect(line({ message: 'x'.repeat(1_000_000) }).length).toBeLessThan(3000);
  });
});

/** What would clear a screen, set a title, turn a line around, start a line or hide. */
const hostile = [
  '\x1b[2J',
  '\x1b]0;title\x07',
  '\x9b31m',
  '\u202e',
  '\r',
  '\n',
  '\u2028',
  '\x00',
  '\ufeff',
  '\ud800',
];

describe('nothing in an event is obeyed by a terminal', () => {
  test.each(hostile)('%j, wherever it stands', (text) => {
    const event = { [`k${text}`]: 1, type: `t${text}x`, timestamp: `2026${text}`, message: `a${text}b` };
    const { message: _, ...silent } = event;
    for (const data of [JSON.stringify(event), JSON.stringify(silent), `raw ${text} text`]) {
      expect(line(data)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u202e\ufeff]/u);
      expect(jsonLine(data)).not.toMatch(/[\p{Cc}\p{Cs}\u2028\u202e\ufeff]/u);
    }
    expect(JSON.parse(jsonLine(JSON.stringify(event)))).toEqual(event);
  });

  test('JSON stays as it is, but on one line', () => {
    const data = '{"ü":\t"€ 漢 👍",\n "a": [1,\r2]}';
    expect(jsonLine(data)).toBe('{"ü": "€ 漢 👍",  "a": [1, 2]}');
    expect(JSON.parse(jsonLine(data))).toEqual(JSON.parse(data));
  });
});

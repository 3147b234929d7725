import { describe, expect, it } from 'vitest';
import { durationMs, listOf, perSecond, sizeBytes, wholeNumber } from './option-values.ts';

describe('lists', () => {
  it.each<[given: string[] | string | undefined, list: string[]]>([
    [undefined, []],
    ['', []],
    [' a, b ,,c ', ['a', 'b', 'c']],
    [
      [' a', '', 'b,c'],
      ['a', 'b,c'],
    ],
  ])('%j', (given, list) => {
    expect(listOf(given)).toEqual(list);
  });
});

describe('whole numbers', () => {
  it.each([
    ['5', 5],
    [5, 5],
    [' 10 ', 10],
    ['1', 1],
    ['10', 10],
  ])('%j', (given, number) => {
    expect(wholeNumber('--n', given, 1, 10)).toBe(number);
  });

  it.each(['', ' ', 'five', '1.5', 1.5, '0', 11, -1, Number.NaN, null, undefined, {}, true, [5]])(
    'not %j',
    (given) => {
      expect(() => wholeNumber('--n', given, 1, 10)).toThrow(
        `--n "${String(given)}" is not a whole number from 1 to 10.`,
      );
    },
  );
});

describe('durations', () => {
  it.each<[given: string | number, ms: number]>([
    [90, 90_000],
    ['90', 90_000],
    ['500ms', 500],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['10 min', 600_000],
    ['1.5h', 5_400_000],
    ['1ms', 1],
  ])('%j', (given, ms) => {
    expect(durationMs('--d', given)).toBe(ms);
  });

  it.each([0, '0s', -1, '-1s', '1d', '1e3s', 'soon', '', '0.4ms', '597h', null, undefined])(
    'not %j',
    (given) => {
      expect(() => durationMs('--d', given)).toThrow(`--d "${String(given)}" is not a duration`);
    },
  );
});

describe('sizes', () => {
  it.each<[given: string | number, bytes: number]>([
    [512, 512],
    ['512B', 512],
    ['1kB', 1000],
    ['1KB', 1000],
    ['500MB', 500e6],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['1 MiB', 2 ** 20],
  ])('%j', (given, bytes) => {
    expect(sizeBytes('--b', given)).toBe(bytes);
  });

  it.each([0, '0MB', '5TB', 'much', '', '-1', '1e9GB'])('not %j', (given) => {
    expect(() => sizeBytes('--b', given)).toThrow(`--b "${String(given)}" is not a size`);
  });
});

describe('rates', () => {
  it.each<[given: string | number, rate: number]>([
    [50, 50],
    ['50', 50],
    ['50/s', 50],
    ['0.5/sec', 0.5],
    ['3000/min', 50],
    ['3000/m', 50],
    ['7200/h', 2],
    ['3600/hour', 1],
    ['864e2/day', 1],
    ['86400/d', 1],
    ['50 / s', 50],
  ])('%j', (given, rate) => {
    expect(perSecond('--r', given)).toBe(rate);
  });

  it.each([0, '0/s', -5, '5/', '5/year', '/s', 'fast', '1e999'])('not %j', (given) => {
    expect(() => perSecond('--r', given)).toThrow(`--r "${String(given)}" is not a rate`);
  });
});

import { describe, expect, it } from 'vitest';
import { eventTimeReader } from './event-times.ts';

/** 2026-01-02T03:04:05.678Z, as `date -u -d @1767323045.678` has it. */
const MADE_AT = 1_767_323_045_678;

describe("the harness's own events", () => {
  const line = `{"seq":12,"at":${MADE_AT},"type":"soak","text":"xxx"}`;

  it('carry their time, whatever field is asked for', () => {
    expect(eventTimeReader(null)(line)).toBe(MADE_AT);
    expect(eventTimeReader('text')(line)).toBe(MADE_AT);
  });

  it.each([
    'hello',
    '',
    '{"at":1767323045678}',
    `{"seq":12, "at":${MADE_AT},"type":"soak"}`,
    `x{"seq":12,"at":${MADE_AT},`,
  ])('nothing else does, without a field: %s', (data) => {
    expect(eventTimeReader(null)(data)).toBe(null);
  });
});

describe("other people's events", () => {
  const read = (value: unknown) => eventTimeReader('at')(JSON.stringify({ at: value }));

  it.each<[unit: string, value: unknown, ms: number]>([
    ['seconds', 1_767_323_045, 1_767_323_045_000],
    ['seconds with a fraction', 1_767_323_045.678, MADE_AT],
    ['milliseconds', MADE_AT, MADE_AT],
    ['microseconds', MADE_AT * 1e3, MADE_AT],
    ['nanoseconds', MADE_AT * 1e6, MADE_AT],
    ['ISO 8601', '2026-01-02T03:04:05.678Z', MADE_AT],
    ['ISO 8601 elsewhere', '2026-01-02T05:04:05.678+02:00', MADE_AT],
    ['ISO 8601 to the microsecond', '2026-01-02T03:04:05.678901Z', MADE_AT],
    ['the first of a unit that any clock shows: 2001 in seconds', 978_307_200, 978_307_200_000],
    ['2001 in milliseconds', 978_307_200_000, 978_307_200_000],
    ['2001 in microseconds', 978_307_200e6, 978_307_200_000],
    ['2001 in nanoseconds', 978_307_200e9, 978_307_200_000],
    ['2100 in seconds', 4_102_444_800, 4_102_444_800_000],
    ['2100 in milliseconds', 4_102_444_800_000, 4_102_444_800_000],
    ['2100 in microseconds', 4_102_444_800e6, 4_102_444_800_000],
  ])('are read in %s', (_, value, ms) => {
    expect(read(value)).toBeCloseTo(ms, 3);
  });

  it('are read where the field is inside of another', () => {
    const data = JSON.stringify({ meta: { list: [{ createdAt: MADE_AT }] } });
    expect(eventTimeReader('meta.list.0.createdAt')(data)).toBe(MADE_AT);
  });

  it.each<[what: string, field: string, data: string]>([
    ['no JSON', 'at', 'hello'],
    ['nothing', 'at', ''],
    ['JSON that is no object', 'at', '5'],
    ['null', 'at', 'null'],
    ['a list', 'at', '[1]'],
    ['no such field', 'at', '{"time":1767323045678}'],
    ['the field ends in the middle', 'meta.at', '{"meta":5}'],
    ['the field ends in null', 'meta.at', '{"meta":null}'],
    ['an object for a time', 'at', '{"at":{}}'],
    ['true for a time', 'at', '{"at":true}'],
    ['null for a time', 'at', '{"at":null}'],
    ['zero', 'at', '{"at":0}'],
    ['a number below zero', 'at', '{"at":-1767323045678}'],
    ['words', 'at', '{"at":"yesterday"}'],
    ['words with a number, which Date.parse takes for a day of 2001', 'at', '{"at":"hello 5"}'],
    ['a number as a text', 'at', '{"at":"12"}'],
    ['a date that does not exist', 'at', '{"at":"2026-13-45T00:00:00Z"}'],
    ['a property that every object has', 'constructor', '{"at":1767323045678}'],
  ])('say nothing of their time: %s', (_, field, data) => {
    expect(eventTimeReader(field)(data)).toBe(null);
  });
});

import { describe, expect, it } from 'vitest';
import { fill, fillKey } from './template.ts';

describe('fill', () => {
  it.each([
    ['--port {port} --dir {dir}', '--port 8000 --dir /tmp/x'],
    ['{port}{port}', '80008000'],
    ['{limit} {deadline}', '{limit} {deadline}'],
    ["node -e '({a: {}, b: {c}})'", "node -e '({a: {}, b: {c}})'"],
    ['{{port}}', '{8000}'],
    ['', ''],
  ])('%s', (template, expected) => {
    expect(fill(template, { port: 8000, dir: '/tmp/x', limit: null })).toBe(expected);
  });

  it('takes a value as it stands, whatever is in it', () => {
    expect(fill('{dir}/{key}', { dir: '$&$1\\', key: '{dir}' })).toBe('$&$1\\/{dir}');
  });
});

describe('fillKey', () => {
  it('numbers the keys', () => {
    expect(fillKey('stream-{n}', 1, 7)).toBe('stream-7');
    expect(fillKey('always', 1, 7)).toBe('always');
  });

  it('makes UUIDs that seed and number always give again, and that never repeat', () => {
    const keys = Array.from({ length: 1000 }, (_, n) => fillKey('w-{uuid}', n % 2, n >> 1));
    expect(keys).toEqual(Array.from({ length: 1000 }, (_, n) => fillKey('w-{uuid}', n % 2, n >> 1)));
    expect(new Set(keys).size).toBe(1000);
    // RFC 9562, 4: version 8 in the 13th digit, the variant in the two highest bits of the 17th.
    for (const key of keys)
      expect(key).toMatch(/^w-[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });
});

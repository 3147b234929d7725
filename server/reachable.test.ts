import { expect, test } from 'vitest';
import { isReachable } from './reachable.ts';

test.each([
  ['http://127.0.0.1:8080', false],
  ['https://127.8.0.1:1', false],
  ['http://[::1]:8080', false],
  ['http://[::ffff:127.0.0.1]:8080', false],
  ['http://0.0.0.0:8080', true],
  ['http://[::]:8080', true],
  ['https://192.0.2.7:443', true],
  ['http://[2001:db8::1]:80', true],
])('%s: others may reach it: %s', (url, expected) => expect(isReachable(url)).toBe(expected));

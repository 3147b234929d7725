import { expect, test } from 'vitest';
import { parseWorkflowId } from './workflow-id.ts';

test.each([
  'console',
  'a.con',
  'a',
  'A-1',
  'two_step.v2',
  'events.db2',
  'my-events.db',
  'x'.repeat(128),
  '7',
])('%s is a workflow id', (text) => expect(parseWorkflowId(text)).toBe(text));

test('escapes are decoded once', () => expect(parseWorkflowId('a%2Db')).toBe('a-b'));

test.each([
  '',
  '.',
  '..',
  'a..b',
  '.hidden',
  '-rf',
  'a/b',
  'a\\b',
  '%2e%2e',
  '%2e%2e%2fsecret',
  'a%2fb',
  '%252e%252e',
  'a%00b',
  'a%0d%0aSet-Cookie:x',
  '%zz',
  '%',
  'a b',
  'a.',
  'con',
  'NUL.txt',
  'Lpt1',
  'C:',
  'events.db',
  'Events.DB-wal',
  '..%c0%af',
  '%c0%ae%c0%ae',
  '\uff0e\uff0e\uff0fetc',
  '%EF%BC%8E%EF%BC%8E',
  'u\u0308',
  '%C3%BC',
  '\u0430dmin',
  'ü',
  '__proto__',
  'x'.repeat(129),
])('%j is none', (text) => expect(parseWorkflowId(text)).toBeNull());

import { expect, test } from 'vitest';
import { createStreamRegistry } from './stream-registry.ts';

test('a slot comes back once, and a workflow without streams leaves no key', () => {
  const registry = createStreamRegistry({ limit: 2 });
  const first = registry.take('a');
  const second = registry.take('a');
  expect(registry.take('a')).toBeNull();
  expect(registry.take('b')).not.toBeNull();
  expect(Object.fromEntries(registry.openByWorkflow)).toEqual({ a: 2, b: 1 });

  first?.release();
  first?.release();
  expect(registry.openByWorkflow.get('a')).toBe(1);
  expect(registry.take('a')).not.toBeNull();
  expect(registry.take('a')).toBeNull();
  second?.release();
});

test('an old slot released twice takes nothing from a new one', () => {
  const registry = createStreamRegistry({ limit: 1 });
  const old = registry.take('a');
  old?.release();
  expect(registry.openByWorkflow.size).toBe(0);
  registry.take('a');
  old?.release();
  expect(registry.take('a')).toBeNull();
});

import { expect, test } from 'vitest';
import { renderDocument } from './bench.ts';

const section = (title: string, markdown: string) => ({ title, command: `measure ${title}`, markdown });

test('a section that is measured again takes the place of the old one, and the others stay as they were', () => {
  const first = renderDocument([section('One', 'old'), section('Two', 'stays')], '');
  const second = renderDocument([section('One', 'new'), section('Three', 'more')], first);
  expect(second.match(/^## .*$/gm)).toEqual(['## One', '## Two', '## Three']);
  expect(second).toContain('`measure One`');
  expect(second).toContain('new');
  expect(second).toContain('stays');
  expect(second).not.toContain('old');
  expect(second.match(/^# Benchmarks$/gm)).toHaveLength(1);
});

import { expect, test } from 'vitest';
import { markdownTable } from './markdown.ts';

test('a table has a rule that aligns its columns, and escapes what would end a cell', () => {
  const table = markdownTable(
    [
      { title: 'what', align: 'left' },
      { title: 'how much', align: 'right' },
    ],
    [
      ['a | b', '1'],
      ['two\nlines', '2'],
    ],
  );
  expect(table.split('\n')).toEqual([
    '| what | how much |',
    '|---|---:|',
    '| a \\| b | 1 |',
    '| two lines | 2 |',
  ]);
});

test('a table without rows is its head', () => {
  expect(markdownTable([{ title: 'what', align: 'left' }], [])).toBe('| what |\n|---|');
});

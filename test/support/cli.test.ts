import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBox } from './cli.ts';
import { until } from './until.ts';

test('a box with nothing in it closes in silence', async () => {
  const { box, close } = openBox();
  const child = box.spawn(process.execPath, ['-e', '']);
  await until('the process has been seen to end', () => child.exitCode !== null);
  await close(false);
  expect(existsSync(box.folder)).toBe(false);
});

test('a box names the process that was left, even one that has left its parents, and ends it', async () => {
  const { box, close } = openBox(100);
  // The shell ends at once; what it has started stays, in a session of its own.
  box.spawn('sh', ['-c', 'setsid sleep 1234 & exit']);
  await until(
    'the shell is gone and its child is there',
    () => box.processes().every(({ command }) => command === 'sleep 1234') && box.processes().length === 1,
  );
  await expect(close(false)).rejects.toThrow('sleep 1234');
  await until('it is gone', () => box.processes().length === 0);
  expect(existsSync(box.folder)).toBe(false);
});

test('a box names the data that was left, and removes it', async () => {
  const { box, close } = openBox();
  mkdirSync(join(box.outDir, 'some-run', 'data'), { recursive: true });
  await expect(close(false)).rejects.toThrow('data was left behind');
  expect(existsSync(box.folder)).toBe(false);
});

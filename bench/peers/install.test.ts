import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { errorLine, installOnce, runStep } from './install.ts';

const peersDir = mkdtempSync(join(tmpdir(), 'hydrotest-install-'));
afterEach(() => rmSync(join(peersDir, 'tool'), { recursive: true, force: true }));

test('the steps run once for a version, and again for another', async () => {
  const done: string[] = [];
  for (const version of ['1.0.0', '1.0.0', '2.0.0']) {
    const folder = await installOnce(peersDir, 'tool', version, async (empty) => {
      expect(existsSync(join(empty, 'file'))).toBe(false);
      writeFileSync(join(empty, 'file'), '');
      done.push(version);
    });
    expect(existsSync(join(folder, 'file'))).toBe(true);
  }
  expect(done).toEqual(['1.0.0', '2.0.0']);
});

test('a failed installation leaves nothing that could be taken for a good one', async () => {
  const fail = () =>
    installOnce(peersDir, 'tool', '1.0.0', async () => {
      throw new Error('no such version');
    });
  await expect(fail()).rejects.toThrow('no such version');
  expect(existsSync(join(peersDir, 'tool'))).toBe(false);
  await expect(fail()).rejects.toThrow('no such version');
});

test('a step that fails is told with its line about the error', async () => {
  const script = 'console.log("one"); console.error("ERROR 404: no such package"); process.exit(1)';
  await expect(runStep({ file: process.execPath, args: ['-e', script] })).rejects.toThrow(
    /failed: ERROR 404: no such package$/,
  );
  await runStep({ file: process.execPath, args: ['-e', ''] });
});

test('of an output the line that speaks of an error is told, or else the last', () => {
  expect(errorLine('one\nnpm error code E404\nnpm error 404 Not Found\nA complete log\n')).toBe(
    'npm error code E404',
  );
  expect(errorLine('one\ntwo\n\n')).toBe('two');
  expect(errorLine('')).toBe('it printed nothing');
  expect(errorLine('x'.repeat(500))).toHaveLength(161);
});

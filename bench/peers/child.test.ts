import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { startChild } from './child.ts';

test('the end of a program is the end of all it started', async () => {
  const pidFile = join(mkdtempSync(join(tmpdir(), 'hydrotest-child-')), 'pid');
  const script = 'sleep 600 & echo $! > "$0.new"; mv "$0.new" "$0"; exec sleep 600';
  const child = await startChild({ file: 'sh', args: ['-c', script, pidFile] });
  await vi.waitFor(() => expect(existsSync(pidFile)).toBe(true), 10_000);
  const grandchild = Number(readFileSync(pidFile, 'utf8'));
  expect(existsSync(`/proc/${grandchild}`)).toBe(true);
  expect((await child.stop('SIGTERM', 10_000)).code).toBe(null);
  expect(child.hasEnded()).toBe(true);
  await vi.waitFor(() => expect(existsSync(`/proc/${grandchild}`)).toBe(false), 10_000);
  rmSync(dirname(pidFile), { recursive: true });
});

test('who does not listen to the signal is killed', async () => {
  const ready = join(mkdtempSync(join(tmpdir(), 'hydrotest-child-')), 'ready');
  const script = `process.on("SIGTERM", () => {}); require("fs").writeFileSync(${JSON.stringify(ready)}, "")`;
  const child = await startChild({
    file: process.execPath,
    args: ['-e', `${script}; setInterval(() => {}, 1000)`],
  });
  await vi.waitFor(() => expect(existsSync(ready)).toBe(true), 10_000);
  expect((await child.stop('SIGTERM', 100)).code).toBe(null);
  expect(existsSync(`/proc/${child.pid}`)).toBe(false);
  rmSync(dirname(ready), { recursive: true });
});

test('what it printed and its exit code are kept', async () => {
  const child = await startChild({
    file: process.execPath,
    args: ['-e', 'console.log(process.env.WHO); console.error("bad"); process.exitCode = 4'],
    env: { WHO: 'me' },
  });
  expect(await child.output).toEqual({ code: 4, stdout: 'me\n', stderr: 'bad\n' });
});

test('a program that is not there is an error', async () => {
  await expect(startChild({ file: 'no-such-program', args: [] })).rejects.toThrow(
    "no-such-program can't be started",
  );
});

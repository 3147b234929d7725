import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { addWorktree, canBeCommand, commitOf } from './worktree.ts';

const folder = mkdtempSync(join(tmpdir(), 'hydrotest-worktree-'));
const repository = join(folder, 'repository');
const temp = join(folder, 'temp');

beforeAll(() => {
  for (const path of [join(repository, 'app'), temp]) mkdirSync(path, { recursive: true });
  vi.stubEnv('TMPDIR', temp);
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], {
      cwd: repository,
      stdio: 'pipe',
    });
  git('init', '-q');
  writeFileSync(join(repository, 'app', 'server.js'), '');
  git('add', '.');
  git('commit', '-qm', 'first');
  mkdirSync(join(repository, 'new'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const head = () => commitOf('HEAD', repository) ?? 'none';

test('a subfolder is found in the checkout, which is gone when it is removed', async () => {
  const worktree = await addWorktree(head(), join(repository, 'app'));
  expect(existsSync(join(worktree.folder, 'server.js'))).toBe(true);
  worktree.remove();
  expect(readdirSync(temp)).toEqual([]);
});

test('a subfolder that the commit does not have is named, and nothing is left', async () => {
  await expect(addWorktree(head(), join(repository, 'new'))).rejects.toThrow(/has no folder new\//);
  expect(readdirSync(temp)).toEqual([]);
});

test.each([
  ['mian', false],
  ['origin/main', false],
  ['HEAD~3', false],
  ['sh', true],
  ['node old.js', true],
  ['PORT=1;./server', true],
])('%s: can it be a command? %s', (text, can) => {
  expect(canBeCommand(text, repository)).toBe(can);
});

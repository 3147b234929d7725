import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { boxTest, EVENTS_URL, shown, targetCommand } from './support/cli.ts';

const COMMAND = ['--command', targetCommand('better-sse-express.mjs'), '--url', EVENTS_URL];

/** What is wrong, the arguments, the option that the message has to name, and the remedy that it has to give. */
const MISTAKES: [what: string, args: string[], option: string, remedy: string][] = [
  ['an option that does not exist', ['--limt', '5'], '--limt', 'Did you mean --limit?'],
  ['a limit that is no number', ['--limit', 'five'], '--limit "five"', 'a whole number from 1'],
  ['a duration without a meaning', ['--duration', 'soon'], '--duration "soon"', 'such as 20s'],
  ['a size without a meaning', ['--budget', 'lots'], '--budget "lots"', 'such as 500MB'],
  ['a scenario that does not exist', ['--scenarios', 'tabz'], '--scenarios tabz', 'limit, timeout, tabs'],
  ['a scenario that lacks a promise', [...COMMAND, '--scenarios', 'limit'], '--scenarios limit', '--limit N'],
  ['a URL and no process', ['--url', 'http://127.0.0.1:8000/x'], '--url', '--command "…"'],
  ['two targets', [...COMMAND, '--pid', '4711'], '--command and --pid', 'give the one'],
  [
    'a target on another machine',
    ['--port', '80', '--url', 'http://10.0.0.1/x'],
    '--url is on 10.0.0.1',
    'use 127.0.0.1',
  ],
  ['a command without a URL', ['--command', 'npm start'], '--url is missing', 'for example --url'],
  ['a header without a name', [...COMMAND, '--header', 'secret'], '--header', '"Name: value"'],
  ['a configuration that is not there', ['--config', 'nope.ts'], '--config "nope.ts"', 'looked for'],
];

describe.concurrent('a mistake on the command line is explained, and nothing is started', () => {
  for (const [what, args, option, remedy] of MISTAKES) {
    boxTest(what, async ({ box }) => {
      const result = await box.run(['run', ...args]);
      expect(result.code, shown(result)).toBe(2);
      expect(result.stderr).toContain(option);
      expect(result.stderr).toContain(remedy);
      expectShort(result.stderr);
      expect(result.stdout).toBe('');
      expect(result.runFolder).toBe(null);
    });
  }

  boxTest('a command that does not exist', async ({ box }) => {
    const result = await box.run(['frobnicate'], { out: false });
    expect(result.code, shown(result)).toBe(2);
    expect(result.stderr).toContain('frobnicate');
    expectShort(result.stderr);
  });

  boxTest('an unknown name in the configuration', async ({ box }) => {
    writeFileSync(join(box.folder, 'hydrotest.config.mjs'), 'export default { limits: 5 };');
    const result = await box.run(['run']);
    expect(result.code, shown(result)).toBe(2);
    expect(result.stderr).toContain('limits');
    expectShort(result.stderr);
  });

  boxTest('a file where the output folder should be', async ({ box }) => {
    const file = join(box.folder, 'a-file');
    writeFileSync(file, 'mine');
    const result = await box.run(['run', '--scenarios', 'limit', '--out', file], { out: false });
    expect(result.code, shown(result)).toBe(2);
    expect(result.stderr).toContain(`--out: the folder ${file}`);
    expect(result.stderr).toContain('Give one that can be written.');
    expectShort(result.stderr);
  });

  boxTest('a run that does not exist', async ({ box }) => {
    const result = await box.run(['report', join(box.folder, 'no-run')], { out: false });
    expect(result.code, shown(result)).toBe(2);
    expect(result.stderr).toContain('no-run');
    expect(result.stderr).toContain('give the folder of a run');
    expectShort(result.stderr);
  });
});

/** One line; the parser of the command line adds up to two hints in brackets. No stack trace. */
function expectShort(stderr: string): void {
  const lines = stderr.trimEnd().split('\n');
  expect(lines.filter((line) => !/^\(.*\)$/.test(line))).toHaveLength(1);
  expect(lines.length).toBeLessThanOrEqual(3);
}

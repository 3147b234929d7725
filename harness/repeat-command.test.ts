import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createProgram } from './cli-options.ts';
import type { UserConfig } from './config.ts';
import { loadPlanOf } from './load-options.ts';
import { repeatCommand } from './repeat-command.ts';

/** What the program would be told if the command were typed into a shell. */
async function typed(command: string): Promise<object> {
  const printed = execFileSync('bash', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' });
  let options: object = {};
  const program = createProgram('0', {
    async run(given) {
      options = given;
    },
    list() {},
    async report() {},
    async serve() {},
    async compare() {},
    async history() {},
  });
  const [, ...words] = printed.split('\0').slice(0, -1);
  await program.parseAsync(['node', 'hydrotest', ...words]);
  return options;
}

describe('the command that repeats a run', () => {
  it('says the seed, also when nothing else was said', () => {
    expect(repeatCommand({}, 42)).toBe('hydrotest run --seed 42');
    expect(repeatCommand({ seed: 7 }, 42)).toBe('hydrotest run --seed 42');
  });

  it('says options as the command line knows them, in words that a shell leaves alone', () => {
    expect(repeatCommand({ limit: 5, budget: '500MB', eventsFile: 'a/b', readyTimeout: '9s' }, 1)).toBe(
      'hydrotest run --limit 5 --budget 500MB --events-file a/b --ready-timeout 9s --seed 1',
    );
  });

  it.each<[user: UserConfig, same: object]>([
    [{ command: `node -e 'a("$b")' {port} && echo \`x\` !`, url: 'http://127.0.0.1:{port}/e?a=1&b=2' }, {}],
    [{ pid: 4711, page: 'http://127.0.0.1/' }, { pid: '4711' }],
    [{ key: 'a b\nc', out: 'reports of *' }, {}],
    [{ key: '-x', limit: 'none', deadline: '1h', duration: '20s' }, {}],
    [{ scenarios: ['limit', 'tabs'] }, { scenarios: 'limit,tabs' }],
    [{ scenarios: 'limit, tabs' }, {}],
    [{ inspect: false }, {}],
    [{ eventsFile: '{dir}/{key}' }, {}],
    [
      { mix: { 'graceful-close': 7, 'abrupt-drop': 0.5 }, streams: 500, lifetime: 'none' },
      { mix: 'graceful-close:7,abrupt-drop:0.5', streams: '500' },
    ],
    [{ mix: 'tab:3, abrupt-drop:2', workers: 2 }, { workers: '2' }],
    [{ stages: ['30s:200/s', '1m:200/s'], eventTime: 'meta.at' }, { stages: '30s:200/s,1m:200/s' }],
    [{ rate: '1e6/day' }, {}],
    [{ command: 'npm start', cwd: 'the app' }, {}],
    [
      { protocol: 'websocket', send: ['a, b', "it's"], reply: { 2: '3', 'a=b': 'c' } },
      { reply: ['2=3', 'a=b=c'] },
    ],
    [{ protocol: 'websocket', send: 'a, b', reply: ['2=3', 'x=y,z'] }, { send: ['a, b'] }],
    [{ refusal: ['429', 'error:-32000'], body: '{"a":"b c"}' }, { refusal: '429,error:-32000' }],
    [{ preset: 'mcp', eventId: 'meta.id', endEvent: 'none', event: 'type=a b' }, {}],
  ])('comes back from the shell: %j', async (user, same) => {
    expect(await typed(repeatCommand(user, 3))).toMatchObject({ ...user, ...same, seed: '3' });
  });

  it('says that the heap is not to be read, and nothing when it is', () => {
    expect(repeatCommand({ inspect: false }, 1)).toBe('hydrotest run --no-inspect --seed 1');
    expect(repeatCommand({ inspect: true }, 1)).toBe('hydrotest run --seed 1');
  });

  it.each<[UserConfig['header'], string]>([
    [
      ['Authorization: Bearer s3cret', 'X-A: s3cret'],
      "--header 'Authorization: (hidden)' --header 'X-A: (hidden)' ",
    ],
    [{ Authorization: 'Bearer s3cret' }, "--header 'Authorization: (hidden)' "],
    [[], ''],
  ])('names headers and keeps their values to itself: %j', (header, words) => {
    const command = repeatCommand(header === undefined ? {} : { header }, 1);
    expect(command).toBe(`hydrotest run ${words}--seed 1`);
    expect(command).not.toContain('s3cret');
  });

  it('says a mix in the words that the command line reads back as the same plan', async () => {
    const mix = { 'graceful-close': 7, 'abrupt-drop': 0.5 };
    const options = (await typed(repeatCommand({ mix, rate: 5 }, 1))) as UserConfig;
    expect(loadPlanOf(options, 1000)).toEqual(loadPlanOf({ mix, rate: 5 }, 1000));
  });

  it('keeps secrets in a body and in messages to itself', () => {
    const body = '{"api_key":"s3cret-of-many-letters","stream":true}';
    const command = repeatCommand({ body, send: ['{"token":"s3cret-of-many-letters"}'] }, 1);
    expect(command).not.toContain('s3cret');
    expect(command).toContain('"stream":true');
  });

  it('leaves out where reports and figures go', () => {
    const user = { reporter: ['html'], history: 'h.ndjson', limit: 5 };
    expect(repeatCommand(user, 1)).toBe('hydrotest run --limit 5 --seed 1');
  });

  it('leaves out what is undefined', () => {
    const user = { header: undefined, inspect: undefined, limit: undefined, scenarios: undefined };
    expect(repeatCommand(user as unknown as UserConfig, 1)).toBe('hydrotest run --seed 1');
  });
});

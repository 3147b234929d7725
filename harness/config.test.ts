import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { completeConfig, defineConfig, loadConfigFile, referenceCommand, type UserConfig } from './config.ts';
import { HydrotestError } from './errors.ts';

const SPAWN = { command: 'node server.js', url: 'http://127.0.0.1:{port}/events' };
const MiB = 2 ** 20;

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(HydrotestError);
    expect((error as HydrotestError).code).toBe('usage');
    return (error as HydrotestError).message;
  }
  throw new Error('nothing was thrown');
}

describe('defaults', () => {
  it('without a word: the reference server, with all that it promises', () => {
    const config = completeConfig({});
    expect(config).toMatchObject({
      target: { mode: 'spawn', readyTimeoutMs: 30_000 },
      url: 'http://127.0.0.1:{port}/api/events/{key}/stream',
      page: 'http://127.0.0.1:{port}/?workflow={key}',
      browser: null,
      events: { to: 'file', at: '{dir}/{key}/events.jsonl' },
      key: 'workflow-{uuid}',
      headers: {},
      limit: 5,
      deadlineMs: 3_600_000,
      budgetBytes: 500e6,
      durationMs: 10_000,
      scenarios: [],
      outDir: resolve('reports/out'),
      inspect: true,
    });
    expect(config.target).toHaveProperty('command', expect.stringContaining('server/main.ts'));
  });

  it('of somebody else’s server: it promises nothing', () => {
    expect(completeConfig(SPAWN)).toMatchObject({
      target: { mode: 'spawn', command: 'node server.js', readyTimeoutMs: 30_000 },
      key: 'stream-{n}',
      page: null,
      events: null,
      limit: null,
      deadlineMs: null,
      budgetBytes: 500e6,
    });
  });

  it('of the seed: another one each time, unless it is given', () => {
    const seeds = new Set(Array.from({ length: 8 }, () => completeConfig({}).seed));
    expect(seeds.size).toBeGreaterThan(1);
    expect(completeConfig({ seed: '42' }).seed).toBe(42);
    expect(completeConfig({ seed: 0 }).seed).toBe(0);
  });

  it('are replaced one by one, and what is undefined is not said', () => {
    expect(completeConfig({ limit: '7', budget: undefined } as object)).toMatchObject({
      limit: 7,
      deadlineMs: 3_600_000,
      budgetBytes: 500e6,
    });
  });

  it('keep the whole command of the reference server when options are added to it', () => {
    expect(referenceCommand('--fault no-limit')).toMatch(/--max-duration \{deadline\} --fault no-limit$/);
  });
});

describe('what is understood', () => {
  it.each<[user: UserConfig, expected: object]>([
    [{ pid: '4711', url: 'http://localhost:80/x' }, { target: { mode: 'attach', pid: 4711 } }],
    [{ port: 8000, url: 'http://[::1]:8000/x' }, { target: { mode: 'attach-port', port: 8000 } }],
    [{ ...SPAWN, readyTimeout: '2m' }, { target: { ...spawned(), readyTimeoutMs: 120_000 } }],
    [{ url: 'https://127.0.0.2:{port}/x', port: 1 }, { url: 'https://127.0.0.2:{port}/x' }],
    [{ limit: 'none', ...SPAWN }, { limit: null }],
    [{ deadline: 'none', ...SPAWN }, { deadlineMs: null }],
    [{ deadline: 90 }, { deadlineMs: 90_000 }],
    [{ deadline: '500ms' }, { deadlineMs: 500 }],
    [{ deadline: '90s' }, { deadlineMs: 90_000 }],
    [{ deadline: ' 10 min ' }, { deadlineMs: 600_000 }],
    [{ duration: '10m' }, { durationMs: 600_000 }],
    [{ duration: '1.5h' }, { durationMs: 5_400_000 }],
    [{ budget: 1000 }, { budgetBytes: 1000 }],
    [{ budget: '64kB' }, { budgetBytes: 64_000 }],
    [{ budget: '1.5 GB' }, { budgetBytes: 1.5e9 }],
    [{ budget: '100MiB' }, { budgetBytes: 100 * MiB }],
    [{ scenarios: 'limit, tabs,' }, { scenarios: ['limit', 'tabs'] }],
    [{ scenarios: ['limit'] }, { scenarios: ['limit'] }],
    [{ out: 'elsewhere' }, { outDir: resolve('elsewhere') }],
    [{ inspect: false }, { inspect: false }],
    [{ header: { 'X-Token': 'é!' } }, { headers: { 'X-Token': 'é!' } }],
    [
      { header: ['Authorization:  Bearer a:b ', 'X-Empty:'] },
      { headers: { Authorization: 'Bearer a:b', 'X-Empty': '' } },
    ],
    [{ ...SPAWN, url: `${SPAWN.url}/{key}`, key: 'k-{uuid}' }, { key: 'k-{uuid}' }],
    [{ ...SPAWN, key: 'always-the-same' }, { key: 'always-the-same' }],
    [{ ...SPAWN, eventsFile: '/srv/events.jsonl' }, { events: { to: 'file', at: '/srv/events.jsonl' } }],
    [
      { ...SPAWN, eventsUrl: 'http://127.0.0.1:{port}/add' },
      { events: { to: 'url', at: 'http://127.0.0.1:{port}/add' } },
    ],
  ])('%j', (user, expected) => {
    expect(completeConfig(user)).toMatchObject(expected);
  });

  it('gives back what defineConfig was given', () => {
    const config = { limit: 3 };
    expect(defineConfig(config)).toBe(config);
  });
});

describe('what is wrong', () => {
  const KEYED = { command: 'x {port}', url: 'http://127.0.0.1:{port}/{key}' };

  it.each<[option: string, remedy: string, user: object]>([
    ['--command and --pid', 'give the one', { ...SPAWN, pid: 4711 }],
    ['--command and --port', 'give the one', { ...SPAWN, port: 80 }],
    ['--pid and --port', 'give the one', { pid: 4711, port: 80, url: 'http://127.0.0.1/' }],
    ['--url', 'add --command "…"', { url: 'http://127.0.0.1/' }],
    ['--url is missing', 'for example --url', { command: 'npm start' }],
    ['--url is missing', 'for example --url', { pid: 4711 }],
    ['--url "events"', 'is not an http(s) URL, such as', { command: 'x', url: 'events' }],
    ['--url "ftp://127.0.0.1/"', 'such as "http://', { command: 'x', url: 'ftp://127.0.0.1/' }],
    ['--url "http://127.0.0.1:x/"', 'such as "http://', { command: 'x', url: 'http://127.0.0.1:x/' }],
    [
      '--url "http://127.0.0.1:{port}/"',
      'write the port itself',
      { pid: 99, url: 'http://127.0.0.1:{port}/' },
    ],
    [
      '--command picks a free {port}, but --url',
      'write {port} there too',
      { command: 'x {port}', url: 'http://127.0.0.1:8000/' },
    ],
    ['--page "/"', 'is not an http(s) URL', { ...SPAWN, page: '/' }],
    ['--command asks for {limit}', '--limit 5', { ...SPAWN, command: 'x {limit}' }],
    ['--command asks for {deadline}', '--deadline 1h', { ...SPAWN, command: 'x {deadline}' }],
    ['--command asks for {limit}', '--limit 5', { ...SPAWN, command: 'x {limit}', limit: 'none' }],
    ['--key "one"', 'put {n} or {uuid} in it', { ...KEYED, key: 'one' }],
    ['--events-file "{dir}/{key}"', 'by {dir}', { ...KEYED, eventsFile: '{dir}/{key}' }],
    [
      '--events-file "{dir}/{key}"',
      'by {dir}',
      { pid: 9, url: 'http://[::1]/{key}', eventsFile: '{dir}/{key}' },
    ],
    ['--events-file "/srv/log"', 'put {key} in it', { ...KEYED, eventsFile: '/srv/log' }],
    [
      '--events-url "http://127.0.0.1/add"',
      'put {key} in it',
      { ...KEYED, eventsUrl: 'http://127.0.0.1/add' },
    ],
    [
      '--events-file and --events-url exclude each other',
      'takes events from',
      { ...SPAWN, eventsFile: '/srv/log', eventsUrl: 'http://127.0.0.1/add' },
    ],
    ['--header has a line', 'write it as "Name: value"', { header: ['secret'] }],
    ['--header has a line', 'write it as "Name: value"', { header: [': x'] }],
    ['--header (its name)', 'write it as "Name: value"', { header: { 'X Y': '1' } }],
    ['--header @no-such-file', 'cannot be read', { header: ['@no-such-file'] }],
    ['--header "X"', 'on one line', { header: ['X: a\r\nY: b'] }],
    ['--header "X"', 'in ASCII or Latin-1', { header: { X: 'токен' } }],
    ['--limit "five"', 'a whole number from 1', { limit: 'five' }],
    ['--limit "0"', 'a whole number from 1', { limit: 0 }],
    ['--limit "-1"', 'a whole number from 1', { limit: '-1' }],
    ['--limit "2.5"', 'a whole number from 1', { limit: 2.5 }],
    ['--limit ""', 'a whole number from 1', { limit: '' }],
    ['--pid "1"', 'a whole number from 2', { pid: 1, url: 'http://127.0.0.1/' }],
    ['--port "65536"', 'from 1 to 65535', { port: 65_536, url: 'http://127.0.0.1/' }],
    ['--seed "-1"', 'a whole number from 0', { seed: -1 }],
    ['--deadline "soon"', 'such as 20s, 10m or 1h', { deadline: 'soon' }],
    ['--deadline "0s"', 'such as 20s', { deadline: '0s' }],
    ['--duration "-5s"', 'such as 20s', { duration: '-5s' }],
    ['--duration "none"', 'such as 20s', { duration: 'none' }],
    ['--duration "25d"', 'such as 20s', { duration: '25d' }],
    ['--duration "600h"', 'up to 24 days', { duration: '600h' }],
    ['--duration ""', 'such as 20s', { duration: '' }],
    ['--ready-timeout "x"', 'such as 20s', { ...SPAWN, readyTimeout: 'x' }],
    ['--budget "lots"', 'such as 500MB', { budget: 'lots' }],
    ['--budget "0"', 'such as 500MB', { budget: 0 }],
    ['--budget "500mb"', 'such as 500MB', { budget: '500mb' }],
    ['--budget "5kiB"', 'such as 500MB', { budget: '5kiB' }],
    ['--budget "99999999999999999999"', 'such as 500MB', { budget: '99999999999999999999' }],
    ['config: limits', 'hydrotest run --help', { limits: 5 }],
    ['config: limit', 'must be a text or a number', { limit: null }],
    ['config: header', 'must be { name: value }', { header: { X: 1 } }],
    ['config: scenarios', 'must be a list of names', { scenarios: 3 }],
    ['config: inspect', 'must be true or false', { inspect: 'no' }],
    ['config: command', 'is empty', { ...SPAWN, command: '' }],
    ['config: key', 'is empty', { key: '' }],
    ['config: out', 'is empty', { out: '' }],
  ])('%s: %s', (option, remedy, user) => {
    const message = messageOf(() => completeConfig(user as UserConfig));
    expect(message).toContain(option);
    expect(message).toContain(remedy);
    expect(message).not.toContain('\n');
  });
});

describe('hydrotest.config.ts', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hydrotest-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A folder of its own with this file in it. */
  function put(where: string, name: string, text: string): string {
    const inside = join(folder, where);
    mkdirSync(inside, { recursive: true });
    writeFileSync(join(inside, name), text);
    return inside;
  }

  async function failureOf(inside: string, file?: string): Promise<string> {
    const error = await loadConfigFile(inside, file).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(HydrotestError);
    expect((error as HydrotestError).code).toBe('usage');
    return (error as HydrotestError).message;
  }

  // An enum and a parameter property are what Node itself does not strip.
  const COMPILED = `
    enum Limit { Usual = 5, Large = 50 }
    class Server { constructor(readonly command: string) {} }
    export default { limit: Limit.Large, command: new Server('node x').command } satisfies object;`;

  it.each([
    ['of a folder', 'plain', undefined],
    ['in a folder with spaces and a #', 'my #1 server', undefined],
    ['of the name given', 'named', 'other.ts'],
  ])('%s is compiled', async (_, where, file) => {
    const inside = put(where, file ?? 'hydrotest.config.ts', COMPILED);
    expect(await loadConfigFile(inside, file)).toEqual({ limit: 50, command: 'node x' });
  });

  it('is a module or not, as its package says', async () => {
    put('esm', 'package.json', '{"type":"module"}');
    put('cjs', 'package.json', '{"type":"commonjs"}');
    expect(await loadConfigFile(put('esm', 'hydrotest.config.ts', COMPILED), undefined)).toMatchObject({
      limit: 50,
    });
    expect(await loadConfigFile(put('cjs', 'hydrotest.config.ts', COMPILED), undefined)).toMatchObject({
      limit: 50,
    });
    expect(await loadConfigFile(put('cjs', 'c.cjs', 'module.exports = { limit: 6 };'), 'c.cjs')).toEqual({
      limit: 6,
    });
    expect(await loadConfigFile(put('esm', 'm.mjs', 'export default { limit: 8 };'), 'm.mjs')).toEqual({
      limit: 8,
    });
  });

  it('is not needed', async () => {
    expect(await loadConfigFile(put('empty', 'README', ''), undefined)).toEqual({});
  });

  it('must be there when it is named', async () => {
    const message = await failureOf(put('empty', 'README', ''), 'nope.ts');
    expect(message).toContain('--config "nope.ts" does not exist');
    expect(message).toContain(join(folder, 'empty', 'nope.ts'));
  });

  it.each([
    ['does not compile', 'export default {', 'could not be loaded'],
    ['throws', "throw new Error('no such variable');", 'no such variable'],
    ['imports what is not there', "import './nowhere.ts'; export default {};", 'nowhere'],
    ['has no default export', 'export const limit = 5;', 'write "export default defineConfig('],
    ['has no export at all', "({ command: 'npm start' });", 'write "export default defineConfig('],
    ['is empty', '', 'write "export default defineConfig('],
    ['has a default export that is empty', 'export default {};', 'write "export default defineConfig('],
    ['has a text as its default export', "export default 'limit 5';", 'write "export default defineConfig('],
    ['has a list as its default export', 'export default [5];', 'write "export default defineConfig('],
    ['has a function as its default export', 'export default () => ({});', 'write "export default'],
  ])('%s: the message names the file', async (what, text, says) => {
    const inside = put(what.replaceAll(' ', '-'), 'hydrotest.config.ts', text);
    const message = await failureOf(inside);
    expect(message).toContain(join(inside, 'hydrotest.config.ts'));
    expect(message).toContain(says);
  });

  it('is checked like the command line', async () => {
    const config = await loadConfigFile(
      put('wrong', 'hydrotest.config.ts', 'export default { limt: 5 };'),
      undefined,
    );
    expect(messageOf(() => completeConfig(config))).toContain('limt');
  });
});

function spawned() {
  return { mode: 'spawn', command: SPAWN.command };
}

describe('the folder of the command', () => {
  it('is one that is there', () => {
    expect(completeConfig({ ...SPAWN, cwd: 'harness' }).target).toMatchObject({ cwd: resolve('harness') });
  });

  it('missing, or a file, it is found before anything starts', () => {
    for (const cwd of ['no-such-folder', 'package.json'])
      expect(messageOf(() => completeConfig({ ...SPAWN, cwd }))).toContain(`--cwd "${cwd}" is no folder`);
  });
});

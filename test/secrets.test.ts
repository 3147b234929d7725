import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  type Box,
  boxTest,
  type CliResult,
  EVENTS_URL,
  type RunningCli,
  shown,
  targetCommand,
} from './support/cli.ts';

/** One for each place where a user can give a secret, so that a failure says which was told. */
const canary = (place: string) => `canary-${place}-a1b2c3d4`;

/** A run whose every place for a secret has one. The target tells all of them. */
function argsWithSecrets(box: Box, extra = '', scenarios = 'orphans'): string[] {
  return ['run', ...secretsOf(box, extra, scenarios), '--history', join(box.folder, 'history.ndjson')];
}

function secretsOf(box: Box, extra: string, scenarios: string): string[] {
  const headers = join(box.folder, 'headers.txt');
  writeFileSync(headers, `Cookie: theme=dark; sid=${canary('cookie')}\n\nX-File: ${canary('file')}\n`);
  return [
    ...['--scenarios', scenarios],
    ...[
      '--command',
      `APP_TOKEN=${canary('variable')} ${targetCommand('tells-secrets.mjs')} --api-key ${canary('option')} ${extra}`,
    ],
    ...['--url', `${EVENTS_URL}?workflow=1&access_token=${canary('query')}`],
    ...['--header', `Authorization: Bearer ${canary('bearer')}`, '--header', `X-Plain: ${canary('plain')}`],
    ...['--header', `@${headers}`],
  ];
}

const environment = (box: Box) => ({
  SERVICE_PASSWORD: canary('environment'),
  STORE: `redis://user:${canary('userinfo')}@127.0.0.1:1`,
  GITHUB_ACTIONS: 'true',
  GITHUB_STEP_SUMMARY: join(box.folder, 'summary.md'),
});

/** Everything that the run has written or printed. */
function toldBy(box: Box, result: CliResult): Map<string, string> {
  const told = new Map([
    ['stdout', result.stdout],
    ['stderr', result.stderr],
  ]);
  const files = [join(box.folder, 'history.ndjson'), join(box.folder, 'summary.md')].filter(existsSync);
  for (const name of readdirSync(box.outDir, { recursive: true, encoding: 'utf8' }))
    files.push(join(box.outDir, name));
  for (const file of files) if (statSync(file).isFile()) told.set(file, readFileSync(file, 'utf8'));
  return told;
}

/** The lines in which a canary is, short. */
function leaksIn(told: Map<string, string>): string[] {
  return [...told].flatMap(([place, text]) =>
    [...text.matchAll(/.{0,60}canary-[\w-]{1,20}.{0,20}/g)].map(([found]) => `${place}: ${found}`),
  );
}

describe.concurrent('secrets that a user gives', () => {
  boxTest('are in nothing that a run leaves or prints, though the target tells them all', async ({ box }) => {
    // With worker processes, and a page that is watched while it goes on.
    const args = [
      ...argsWithSecrets(box, '', 'hold,orphans'),
      ...['--streams', '12', '--workers', '2', '--duration', '1s', '--ui'],
    ];
    const run = box.start(args, { env: environment(box) });
    const page = pageOf(run);
    // Awaited only when the run is over.
    page.catch(() => {});
    const seen = await commandLinesOf(box, run.ended);
    const result = await run.ended;
    // On a busy machine a load that is held may be too noisy to decide: what is told of it is looked at all the same.
    expect([0, 3], shown(result)).toContain(result.code);
    const told = toldBy(box, result);
    expect([...told.keys()].map((path) => path.replace(/.*\//, '')).sort()).toEqual(
      expect.arrayContaining(['journal.ndjson', 'orphans.log', 'report.json', 'report.html', 'summary.md']),
    );
    const { html, events } = await page;
    expect(html).toContain('access_token=(hidden)');
    expect(events).toContain('data: ');
    expect(leaksIn(new Map([...told, ['page', html], ['events of the page', events]]))).toEqual([]);

    const [baseline, compareOut] = [join(box.folder, 'baseline'), join(box.folder, 'compared')];
    cpSync(result.runFolder ?? '', baseline, { recursive: true });
    const compared = await box.run(['compare', baseline, result.runFolder ?? '', '--out', compareOut], {
      out: false,
      env: environment(box),
    });
    expect(compared.stdout, shown(compared)).not.toBe('');
    const files = readdirSync(compareOut).map((name) => join(compareOut, name));
    expect(files.length).toBeGreaterThan(0);
    const comparison = new Map(files.map((file) => [file, readFileSync(file, 'utf8')]));
    expect(leaksIn(comparison.set('stdout', compared.stdout).set('stderr', compared.stderr))).toEqual([]);

    // Hidden is what was told, and not that there was something.
    const { repeatCommand, config } = result.report ?? {};
    expect(repeatCommand).toContain(
      "--header 'Authorization: (hidden)' --header 'X-Plain: (hidden)' --header @",
    );
    expect(repeatCommand).toContain('APP_TOKEN=(hidden)');
    expect(repeatCommand).toContain('--api-key (hidden)');
    expect(repeatCommand).toContain('/events?workflow=1&access_token=(hidden)');
    expect(config?.headers).toMatchObject({ Authorization: '(hidden)', 'X-File': '(hidden)' });
    const log = told.get(join(result.runFolder ?? '', 'orphans.log'));
    expect(log).toContain('"SERVICE_PASSWORD":"(hidden)"');
    expect(log).toContain('401: Bearer (hidden) was refused');

    // Headers go to helpers over pipes: of all processes only the one that was told them by its arguments shows them.
    const helpers = seen.filter(({ command }) => !command.includes(' run --scenarios'));
    for (const name of ['guardian.ts', 'load/worker.ts', 'live/main.ts'])
      expect(
        helpers.some(({ command }) => command.includes(name)),
        name,
      ).toBe(true);
    for (const place of ['bearer', 'plain', 'cookie', 'file'])
      expect(helpers.filter(({ all }) => all.includes(canary(place)))).toEqual([]);
    for (const place of ['cookie', 'file'])
      expect(seen.filter(({ all }) => all.includes(canary(place)))).toEqual([]);
  });

  boxTest('are in nothing that a comparison with a baseline leaves or prints', async ({ box }) => {
    const baseline = `${targetCommand('tells-secrets.mjs')} --crash-at 8 --api-key ${canary('baseline')}`;
    // Two targets that soon end: what they said last is told as well.
    const args = [
      'compare',
      '--baseline',
      baseline,
      '--rounds',
      '1',
      ...secretsOf(box, '--crash-at 8', 'orphans'),
    ];
    const result = await box.run(args, { env: environment(box) });
    expect(result.code, shown(result)).toBe(3);
    const told = toldBy(box, result);
    const names = [...told.keys()].map((path) => path.replace(/.*\//, ''));
    expect(names).toEqual(
      expect.arrayContaining(['compare.json', 'compare.md', 'journal.ndjson', 'orphans.log']),
    );
    const whole = [...told.values()].join('\n');
    expect(whole).toContain('--api-key (hidden)');
    expect(whole).toContain('Bearer (hidden) was refused');
    expect(leaksIn(told)).toEqual([]);
  });

  boxTest('are not in what is told of a crash, nor in what is wrong', async ({ box }) => {
    const crash = await box.run(argsWithSecrets(box, '--crash-at 8'), { env: environment(box) });
    expect(crash.code, shown(crash)).not.toBe(0);
    expect(crash.report?.verdict.reason ?? '').not.toBe('');
    expect(leaksIn(toldBy(box, crash))).toEqual([]);
    expect(readFileSync(join(crash.runFolder ?? '', 'journal.ndjson'), 'utf8')).toContain(
      'Bearer (hidden) was refused',
    );
    const wrong = [
      ['--url', `http://u:${canary('userinfo')}@example.test/?token=${canary('query')}`, '--port', '1'],
      ['--url', `ftp://127.0.0.1/?token=${canary('query')}`, '--port', '1'],
      ['--header', canary('header')],
      ['--header', `X Y: ${canary('header')}`],
    ];
    const none = ['--out', join(box.folder, 'none')];
    const baseline = ['compare', '--baseline', `no-such-command --api-key ${canary('baseline')}`];
    const results = [...wrong.map((args) => ['run', ...args, ...none]), [...baseline, ...none]].map((args) =>
      box.run(args, { out: false }),
    );
    for (const result of await Promise.all(results)) {
      expect(result.code, shown(result)).toBe(2);
      expect(leaksIn(new Map([['stderr', result.stderr]]))).toEqual([]);
    }
  });
});

/** What the page of a run shows at its beginning, and all that it is sent until the run is over. */
async function pageOf(run: RunningCli): Promise<{ html: string; events: string }> {
  await run.printed(/Live view: \S+/);
  const url = new URL(/Live view: (\S+)/.exec(run.output())?.[1] ?? '');
  const html = await (await fetch(url)).text();
  const updates = await fetch(new URL(`/updates${url.search}`, url));
  return { html, events: await updates.text() };
}

interface Seen {
  command: string;
  /** The command line and the environment. */
  all: string;
}

/** A look at all processes costs some milliseconds, and none of those that matter lives for less than a second. */
const LOOK_MS = 200;

/** All processes of a box, as everybody could see them until the run ended. */
async function commandLinesOf(box: Box, ended: Promise<unknown>): Promise<Seen[]> {
  const seen = new Map<string, Seen>();
  let over = false;
  const end = ended.then(() => {
    over = true;
  });
  while (!over) {
    for (const { pid, command } of box.processes())
      if (!seen.has(`${pid} ${command}`))
        seen.set(`${pid} ${command}`, { command, all: `${command}\0${environOf(pid)}` });
    await Promise.race([end, sleep(LOOK_MS)]);
  }
  return [...seen.values()];
}

function environOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return '';
  }
}

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../test/support/until.ts';
import { isProcessAlive } from '../targets/process-group.ts';
import { startLiveView } from './start.ts';
import { makeRunFolder } from './testing/run-folder.ts';
import { ask, watchPage } from './testing/watch-page.ts';

type Cleanups = (() => unknown)[];
const cleanups: Cleanups = [];
const shared: Cleanups = [];
const cleanUp = async (list: Cleanups) => {
  for (const cleanup of list.splice(0).reverse()) await cleanup();
};
afterEach(() => cleanUp(cleanups));

function folder(list = cleanups) {
  const run = makeRunFolder();
  list.push(run.close);
  return run;
}

/** A live view of a run with its first scenario under way. */
async function openView(list = cleanups) {
  const run = folder(list);
  run.begin(0);
  const notes: string[] = [];
  const live = startLiveView(run.folder, (text) => notes.push(text));
  list.push(() => live.finish(null));
  const urlOf = () => /^Live view: (\S+)$/.exec(notes[0] ?? '')?.[1];
  await until('the address is printed', () => notes.length > 0);
  const url = urlOf() ?? '';
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32}$/);
  return { ...run, live, notes, url };
}

async function watch(url: string) {
  const watched = await watchPage(url);
  cleanups.push(watched.close);
  return watched;
}

describe('the page', () => {
  let view: Awaited<ReturnType<typeof openView>>;
  beforeAll(async () => {
    view = await openView(shared);
  });
  afterAll(() => cleanUp(shared));

  it('is that of a run that goes on, under a policy that lets it speak to its origin alone', async () => {
    const { url, journal } = view;
    const { status, headers, body } = await ask(url);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(body).toContain('<h1>running</h1>');
    expect(body).toMatch(/default-src 'none';.*script-src 'sha256-.*connect-src 'self'/);
    const token = new URL(url).searchParams.get('token') ?? '';
    expect(body).not.toContain(token);
    expect(readFileSync(journal, 'utf8')).not.toContain(token);
  });

  it('says nothing to whoever does not have the token, or calls this machine by another name', async () => {
    const { url } = view;
    const { port, searchParams } = new URL(url);
    const token = searchParams.get('token') ?? '';
    const refused = { status: 403, body: '' };
    const last = token.endsWith('A') ? 'B' : 'A';
    for (const wrong of [
      '',
      '?token=',
      '?token=x',
      `?token=${token.slice(0, -1)}${last}`,
      `?token=${token}A`,
      `?Token=${token}`,
    ]) {
      for (const path of ['', 'updates', 'nothing'])
        expect(await ask(`http://127.0.0.1:${port}/${path}${wrong}`)).toMatchObject(refused);
    }
    for (const host of [
      `localhost:${port}`,
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:1`,
      `127.0.0.1:${port}.evil.example`,
    ])
      expect(await ask(url, { headers: { Host: host } }), host).toMatchObject(refused);
    expect(await ask(url, { method: 'POST' })).toMatchObject({ status: 405 });
    expect(await ask(url.replace('/?', '/nothing?'))).toMatchObject({ status: 404 });
    expect(await ask(url, { headers: { Host: `127.0.0.1:${port}` } })).toMatchObject({ status: 200 });
  });
});

describe('what an open page hears', () => {
  it('is everything first, then what has changed, and in the end the report', async () => {
    const { url, begin, endScenario, end, append, nextLine, live } = await openView();
    const page = await watch(url);
    const { frames, headers } = page;
    const last = () => frames.at(-1)?.update;
    await until('the first state', () => frames.length > 0);
    expect(headers['content-type']).toContain('text/event-stream');
    const allParts = Object.keys(frames[0]?.update.parts ?? {});
    expect(allParts).toContain('part-header');
    expect(last()?.status).toMatchObject({ state: 'running', scenario: 'limit' });

    endScenario(0);
    // A line that is torn waits for the rest: it is neither lost nor counted as unreadable.
    const skipped = { type: 'skipped', scenario: 'reject', proves: 'p', elapsedMs: 10_000 };
    const line = nextLine({ ...skipped, reason: 'kein Limit – é' });
    append(line.slice(0, 90));
    await until('the scenario has ended', () => last()?.status.scenario === null);
    append(line.slice(90));
    begin(1);
    await until('the next scenario', () => last()?.status.scenario === 'tabs');
    const changed = frames.slice(1).flatMap(({ update }) => Object.keys(update.parts));
    expect(changed).toContain('part-scenarios');
    expect(changed).not.toContain('part-environment');
    expect(
      frames
        .slice(1)
        .map(({ update }) => update.parts['part-skipped'] ?? '')
        .join(''),
    ).toContain('kein Limit – é');
    expect(frames.map(({ id }) => Number(id))).toEqual(
      [...new Set(frames.map(({ id }) => Number(id)))].sort((a, b) => a - b),
    );
    expect(frames.every(({ update }) => update.status.state === 'running')).toBe(true);

    endScenario(1);
    end();
    await live.finish('out/report.html');
    await until('the last state', () => last()?.status.state === 'ended');
    expect(last()?.status.reportFile).toBe('out/report.html');
    expect(last()?.parts['part-header']).toContain('<h1>pass</h1>');
    expect(last()?.data.title).toContain('pass');
    await until('the end of the stream', () => page.isOver);
    await expect(ask(url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('comes to a page that was loaded just before the end as well', async () => {
    const { url, endScenario, end, live } = await openView();
    await ask(url);
    endScenario(0);
    end();
    const finished = live.finish('report.html');
    const { frames } = await watch(url);
    await finished;
    await until('the last state', () => frames.at(-1)?.update.status.state === 'ended');
  });
});

describe('the process', () => {
  it('tells of the end of a harness that was killed, and is gone with it', async () => {
    const run = folder();
    run.begin(0);
    const start = fileURLToPath(new URL('./start.ts', import.meta.url));
    const script = `import { startLiveView } from ${JSON.stringify(start)};
      startLiveView(${JSON.stringify(run.folder)}, console.log);
      setInterval(() => {}, 1000);`;
    const harness = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    cleanups.push(() => harness.kill('SIGKILL'));
    let output = '';
    harness.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await until('the address is printed', () => output.includes('\n'));
    const url = /Live view: (\S+)/.exec(output)?.[1] ?? '';
    const children = readFileSync(`/proc/${harness.pid}/task/${harness.pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .map(Number);
    expect(children).toHaveLength(1);
    const { frames } = await watch(url);
    await until('the first state', () => frames.length > 0);
    harness.kill('SIGKILL');
    await until('the live process is gone', () => !children.some((pid) => isProcessAlive(pid, null)));
    expect(frames.at(-1)?.update.status.state).toBe('lost');
  });

  it('says so when it cannot follow, and does not stop the run', async () => {
    const run = folder();
    const notes: string[] = [];
    const live = startLiveView(`${run.folder}/nowhere`, (text) => notes.push(text));
    await until('the note', () => notes.length > 0);
    expect(notes[0]).toMatch(/^The live view has ended \(.*ENOENT.*\); the run goes on without it\.$/);
    await live.finish(null);
  });
});

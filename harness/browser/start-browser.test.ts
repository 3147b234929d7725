import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import chromium from '@sparticuz/chromium';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { listProc } from '../probes/proc-file.ts';
import { until } from '../waiting.ts';
import { startBrowser } from './start-browser.ts';

const WITHIN_MS = 20_000;
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'start-browser-'));
const page =
  '<ol></ol><script>setInterval(() => document.querySelector("ol").append(document.createElement("li")), 20)</script>';
const ROWS_PER_LOAD = 10;
let pageLoads = 0;
const reloadingPage = page.replace(
  '</script>',
  `; setInterval(() => document.querySelectorAll("li").length > ${ROWS_PER_LOAD} && location.reload(), 500)</script>`,
);
const server = createServer(({ url }, response) => {
  const reloads = url === '/reloads-itself';
  if (reloads) pageLoads += 1;
  response.setHeader('Content-Type', 'text/html').end(reloads ? reloadingPage : page);
});
let executable = '';

beforeAll(async () => {
  executable = await chromium.executablePath();
  // Profiles of others are none of ours.
  vi.stubEnv('TMPDIR', folder);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const start = (signal = never) =>
  startBrowser(
    { path: executable, rows: 'li' },
    {
      pageUrl: (key) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${key}`,
      headers: {},
      signal,
    },
  );
const profiles = () => readdirSync(folder).filter((name) => name.startsWith('hydrotest-browser-'));

/** Processes that were started with a profile of this test. */
function browserPids(): number[] {
  const listed = listProc('/proc');
  const pids = listed.state === 'read' ? listed.value.map(Number).filter(Number.isInteger) : [];
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`--user-data-dir=${folder}`);
    } catch {
      return false;
    }
  });
}

describe('a browser', () => {
  it('that ends by itself is told from tabs that show nothing', { timeout: 60_000 }, async () => {
    const browser = await start();
    try {
      const tab = await browser.open('key');
      const shows = async () => (await tab.read(false)).rowCount > 0;
      expect(await until(shows, WITHIN_MS, never)).toBe(true);
      browser.checkAlive();
      const reading = tab.read(true);
      for (const pid of browserPids()) process.kill(pid, 'SIGKILL');
      const ended = () => {
        try {
          browser.checkAlive();
          return false;
        } catch (error) {
          expect(String(error)).toContain('the browser ended by itself');
          return true;
        }
      };
      expect(await until(ended, WITHIN_MS, never)).toBe(true);
      // What was asked of it meanwhile is answered all the same, with what was known.
      expect((await reading).rowCount).toBeGreaterThan(0);
      expect((await tab.read(true)).heapBytes).toBeNull();
    } finally {
      await browser.kill();
    }
    browser.checkAlive();
    expect({ pids: browserPids(), profiles: profiles() }).toEqual({ pids: [], profiles: [] });
  });

  it('counts the rows of all loads of a page, also where it loads itself again', {
    timeout: 60_000,
  }, async () => {
    const browser = await start();
    try {
      const tab = await browser.open('reloads-itself');
      let last = 0;
      const goesOn = async () => {
        const { rowCount } = await tab.read(false);
        expect(rowCount).toBeGreaterThanOrEqual(last);
        last = rowCount;
        return pageLoads > 3 && rowCount > 3 * ROWS_PER_LOAD;
      };
      expect(await until(goesOn, WITHIN_MS, never)).toBe(true);
    } finally {
      await browser.kill();
    }
  });

  it('that was stopped while it started has left nothing', { timeout: 60_000 }, async () => {
    const stop = new AbortController();
    const starting = start(stop.signal).catch((error: unknown) => error);
    expect(await until(() => browserPids().length > 0, WITHIN_MS, never)).toBe(true);
    stop.abort(new Error('stopped'));
    expect(String(await starting)).toBe('Error: stopped');
    expect({ pids: browserPids(), profiles: profiles() }).toEqual({ pids: [], profiles: [] });
  });
});

it("reaches no other host than its page's, by whatever way, proxies included", async () => {
  const asked: string[] = [];
  // Any address of this machine but the page's stands for another host.
  const other = createServer(({ method, url, headers }, response) => {
    asked.push(`${method} ${headers.host} ${url}`);
    response.end();
  }).on('connect', ({ url }, socket) => {
    asked.push(`CONNECT ${url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => other.listen(0, '0.0.0.0', resolve));
  const { port } = other.address() as AddressInfo;
  const ways = ['127.0.0.2', 'localhost', 'other.localhost', '[::ffff:127.0.0.3]', 'example.test'].map(
    (host) => `http://${host}:${port}`,
  );
  const html = `<ol></ol><link rel="preconnect" href="${ways[0]}"><img src="/elsewhere">
    ${ways.map((way, n) => `<img src="${way}/image-${n}"><script src="${way}/script-${n}"></script>`).join('')}
    <script>
      const ways = ${JSON.stringify(ways)};
      Promise.allSettled([...ways.map((way) => fetch(way, { mode: 'no-cors' })), fetch('/elsewhere')]).then(() =>
        ways.map((way) => new WebSocket(way.replace('http', 'ws'))).at(-1).addEventListener('error', () =>
          fetch('/done')));
      setInterval(() => document.querySelector('ol').append(document.createElement('li')), 20);
    </script>`;
  let isDone = false;
  const own = createServer(({ url }, response) => {
    if (url === '/done') isDone = true;
    if (url === '/elsewhere') response.writeHead(302, { location: `${ways[0]}/redirected` }).end();
    else response.setHeader('Content-Type', 'text/html').end(html);
  });
  await new Promise<void>((resolve) => own.listen(0, '127.0.0.1', resolve));
  for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy']) vi.stubEnv(name, `http://127.0.0.1:${port}`);
  const browser = await startBrowser(
    { path: executable, rows: 'li' },
    {
      pageUrl: () => `http://127.0.0.1:${(own.address() as AddressInfo).port}/`,
      headers: { Authorization: 'secret' },
      signal: never,
    },
  );
  try {
    await browser.open('key');
    await until(() => isDone, WITHIN_MS, never);
    expect(isDone).toBe(true);
    expect(asked).toEqual([]);
  } finally {
    await browser.kill();
    for (const name of ['http_proxy', 'HTTP_PROXY', 'all_proxy']) vi.stubEnv(name, undefined);
    for (const server of [own, other]) {
      server.closeAllConnections();
      server.close();
    }
  }
});

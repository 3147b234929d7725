import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';
import { scenarios } from '../scenarios/index.ts';
import { completeConfig, type UserConfig } from './config.ts';
import { expectedLoad, remoteNotice, resolveRemote } from './remote.ts';

const LOCAL = { isOwnRamp: true, allowRemote: false };
const REMOTE = { isOwnRamp: true, allowRemote: true };

/** What a name server says; an unknown name has no address. */
const names =
  (known: Record<string, string[]>) =>
  async (name: string): Promise<{ address: string }[]> => {
    const addresses = known[name];
    if (addresses === undefined) throw new Error(`getaddrinfo ENOTFOUND ${name}`);
    return addresses.map((address) => ({ address }));
  };

const configOf = (host: string, user: UserConfig = {}) =>
  completeConfig({ command: 'node server.js', url: `http://${host}:{port}/events`, ...user });

async function resolved(
  host: string,
  known: Record<string, string[]> = {},
  wishes = LOCAL,
  user: UserConfig = {},
) {
  return resolveRemote(configOf(host, user), scenarios, { ...wishes, lookup: names(known) });
}

describe('a URL', () => {
  it.each([
    ...['127.0.0.1', '127.1', '127.0.1', '0x7f000001', '0X7F.1', '2130706433', '017700000001', '0177.0.0.1'],
    ...['127.0.0.1.', '%3127.0.0.1', '１２７.0.0.1', '0.0.0.0', '0'],
    ...['[::1]', '[0:0:0:0:0:0:0:1]', '[::]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
  ])('on %s is on loopback', async (host) => {
    expect((await resolved(host)).remote).toBe(null);
  });

  it.each([
    ...['10.0.0.1', '0xa000001', '167772161', '012.0.0.1', '128.1', '169.254.169.254', '%31%30.0.0.1'],
    ...['[2001:db8::1]', '[fe80::1]', '[::ffff:10.0.0.1]', '[::ffff:a00:1]', '[::127.0.0.1]'],
  ])('on %s is not, and is refused', async (host) => {
    await expect(resolved(host)).rejects.toThrow(/--url is on .*, which is not loopback.*--allow-remote/);
  });

  it('on a name is where all of its addresses are', async () => {
    const known = {
      localhost: ['::1', '127.0.0.1'],
      'here.test': ['127.0.0.1'],
      'mixed.test': ['127.0.0.1', '10.0.0.1'],
      'away.test': ['10.0.0.1', '10.0.0.2'],
    };
    for (const host of ['localhost', 'localhost.', 'LOCALHOST', 'here.test'])
      expect((await resolved(host, known)).remote).toBe(null);
    await expect(resolved('mixed.test', known)).rejects.toThrow(
      '--url is on mixed.test (127.0.0.1, 10.0.0.1), which is not loopback',
    );
    await expect(resolved('nowhere.test', known)).rejects.toThrow('nowhere.test, which has no address');
    const { remote } = await resolved('away.test', known, REMOTE);
    expect(remote?.addresses).toEqual({ 'away.test': ['10.0.0.1', '10.0.0.2'] });
  });

  it('of a page counts as well', async () => {
    const user = { page: 'http://10.0.0.9:{port}/{key}' };
    await expect(resolved('127.0.0.1', {}, LOCAL, user)).rejects.toThrow('--page is on 10.0.0.9');
    expect((await resolved('127.0.0.1', {}, REMOTE, user)).remote?.addresses).toEqual({
      '10.0.0.9': ['10.0.0.9'],
    });
  });

  it('elsewhere is nothing for a browser, which dials by itself', async () => {
    const user = { page: 'http://127.0.0.1:{port}/{key}', browser: true };
    await expect(resolved('10.0.0.1', {}, REMOTE, user)).rejects.toThrow('--browser opens its connections');
  });
});

describe('what is told beforehand', () => {
  const announced = async (user: UserConfig, wishes = REMOTE) => {
    const { remote } = await resolved('10.0.0.1', {}, wishes, user);
    if (remote === null) throw new Error('it is loopback');
    return remote;
  };

  it('names every scenario that fits, and has a figure for each', async () => {
    const page = { page: 'http://10.0.0.1:{port}/{key}', eventsFile: '{key}.jsonl' };
    const config = configOf('10.0.0.1', { ...page, limit: 5, deadline: '1h' });
    const whole = expectedLoad(config, scenarios);
    expect(whole.scenarios.length).toBeGreaterThan(6);
    for (const scenario of scenarios.filter(({ name }) => whole.scenarios.includes(name)))
      expect(expectedLoad(config, [scenario]).connectionCount, scenario.name).toBeGreaterThan(0);
  });

  it('says where, how much and how long at least', async () => {
    const notice = remoteNotice(await announced({ streams: 100, mix: 'abrupt-drop', lifetime: '10s' }));
    expect(notice).toContain('This run loads 10.0.0.1, which is not loopback:');
    expect(notice).toMatch(/up to [\d,]+ streams at once, and about [\d,]+ connections and [\d,]+ requests/);
    expect(notice).toContain('at most 50 connections a second, which takes up to ');
  });

  it('is of a load without an end that there is none', async () => {
    await expect(resolved('10.0.0.1', {}, LOCAL, { mix: 'drop-mid-event', streams: 10 })).rejects.toThrow(
      'about any number of connections',
    );
  });
});

/** Every file that can open a connection, or has the means to, and why that goes nowhere else. */
const CONNECTING: Record<string, string> = {
  'harness/streams/dial.ts': 'the one that dials: all of its ways are from reach.ts',
  'harness/streams/http-fetch.ts': 'its connections are made by dial.ts (createConnection)',
  'harness/streams/tab.ts': 'an EventSource with the fetch of http-fetch.ts',
  'harness/streams/short-request.ts': 'its connections are made by dial.ts (createConnection)',
  'harness/streams/http2-connection.ts': 'its connections are made by dial.ts (createConnection)',
  'harness/events/follow-stream.ts': 'one viewer of a server that the user names; it makes no load',
  'harness/events/read-status.ts': 'two questions to a server that the user names',
  'harness/flood.ts': 'autocannon, whose connections are made by dial.ts (guard-flood.ts)',
  'harness/targets/open-port.ts': 'is given the way of reach.ts by open-target.ts; sends nothing',
  'harness/probes/inspector-port.ts': 'asks loopback addresses alone (loopbackOf)',
  'harness/probes/cdp-client.ts': 'to the address that inspector-port.ts has found on loopback',
  'harness/browser/start-browser.ts': 'to the browser that was started here, on loopback',
  'harness/live/page-script.ts': 'in the page, to the server that it came from',
};

const CONNECTS = [
  /\bconnect(?:\w*)\b[^}]*\} from 'node:(?:net|tls|http2)'/,
  /\b(?:request|get|Agent)\b[^}]*\} from 'node:https?'/,
  /import (?:\w+|\* as \w+) from '(?:node:)?(?:net|tls|https?|http2|dgram)'/,
  /'(?:node:)?dgram'|(?:require|import)\('(?:node:)?(?:net|tls|https?|http2)'\)/,
  /from '(?:undici|ws|got|axios|node-fetch|autocannon|eventsource)'/,
  /(?<![\w.#])fetch\(|globalThis\.fetch|new (?:WebSocket|EventSource|XMLHttpRequest)\(/,
  /\bconnect(?:OverCDP)?\(\{|\bconnectOverCDP\(|sendBeacon/,
];
const connects = (source: string) =>
  CONNECTS.some((pattern) => pattern.test(source.replace(/^import type .*$/gm, '')));

test('nothing else in the program opens connections', () => {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const found = ['harness', 'scenarios', 'reports'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => /\.ts$/.test(path) && !/\.test\.ts$|\/testing\//.test(path))
      .filter((path) => connects(readFileSync(join(root, path), 'utf8'))),
  );
  expect(found.sort()).toEqual(Object.keys(CONNECTING).sort());
});

test.each([
  "import { connect } from 'node:net';",
  "import { createServer, connect as open } from 'node:net';",
  "import { get } from 'node:https';",
  "import net from 'net';",
  "import * as tls from 'node:tls';",
  "const { connect } = await import('node:net');",
  'await fetch(url);',
  'new WebSocket(url)',
  "import autocannon from 'autocannon';",
])('such a line is seen: %s', (line) => {
  expect(connects(line)).toBe(true);
});

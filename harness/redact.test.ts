import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import {
  keepSecret,
  redact,
  redactEntry,
  redactKnown,
  secretsIn,
  secretsOfEnvironment,
  secretsOfHeaders,
} from './redact.ts';
import { redactFile } from './redact-file.ts';

/** The secret stands as S3CR in each; what is left around it must still tell what it was. */
const HIDDEN_IN: [text: string, left: string][] = [
  ['http://127.0.0.1:80/e?token=S3CR', 'http://127.0.0.1:80/e?token=(hidden)'],
  ['http://127.0.0.1:80/e?a=1&api_key=S3CR&b=2#x', 'http://127.0.0.1:80/e?a=1&api_key=(hidden)&b=2#x'],
  ['/e?access_token=S3CR&sig=S3CR&code=S3CR', '/e?access_token=(hidden)&sig=(hidden)&code=(hidden)'],
  ['/e?X-Amz-Signature=S3CR&sessionId=S3CR', '/e?X-Amz-Signature=(hidden)&sessionId=(hidden)'],
  ['http://ann:S3CR@127.0.0.1/e', 'http://(hidden)@127.0.0.1/e'],
  ['DATABASE_URL=postgres://u:S3CR@db/x', 'DATABASE_URL=postgres://(hidden)@db/x'],
  ['FOO_TOKEN=S3CR npm start', 'FOO_TOKEN=(hidden) npm start'],
  ["APP_SECRET='S3CR' PORT={port} npm start", "APP_SECRET='(hidden)' PORT={port} npm start"],
  ['node s.js --api-key S3CR --port {port}', 'node s.js --api-key (hidden) --port {port}'],
  ['node s.js --password=S3CR -v', 'node s.js --password=(hidden) -v'],
  ['curl -H "X-Anything: S3CR" x', 'curl -H "X-Anything: (hidden)" x'],
  ['Authorization: Bearer S3CR', 'Authorization: Bearer (hidden)'],
  ['authorization=S3CR', 'authorization=(hidden)'],
  ['{"authorization":"Basic S3CR","a":1}', '{"authorization":"Basic (hidden)","a":1}'],
  ['{"password":"S3CR","user":"ann"}', '{"password":"(hidden)","user":"ann"}'],
  ['{\\"apiKey\\":\\"S3CR\\"}', '{\\"apiKey\\":\\"(hidden)\\"}'],
  ['Set-Cookie: sid=S3CR; Path=/', 'Set-Cookie: (hidden)'],
  ['cookie: a=S3CR; b=S3CR', 'cookie: (hidden)'],
  ['got Bearer S3CR7S3CR7S3CR7', 'got Bearer (hidden)7(hidden)7(hidden)7'],
  ['password: S3CR', 'password: (hidden)'],
];

/** Made of words, so that no scanner of repositories takes them for real ones. */
const BY_FORM = [
  `eyJ${'hbGciOiJub25l'}.eyJ${'zdWIiOiJ4In0'}.c2lnbmF0dXJl`,
  `sk-${'proj-notarealkeyatall'}`,
  `sk_${'live_notarealkeyatall'}`,
  `ghp_${'notarealtokenatall12'}`,
  `github_pat_${'notarealtokenatall12'}`,
  `glpat-${'notarealtokenatall'}`,
  `xoxb-${'not-a-real-token'}`,
  `AKIA${'NOTAREALKEYATALL'}`,
  `-----BEGIN PRIVATE${' KEY-----'}\nabc\n-----END PRIVATE KEY-----`,
];

const UNTOUCHED = [
  'the target streams 128 tokens a second; max_tokens=100',
  'exit code 3, key workflow-1 of 5',
  'http://127.0.0.1:{port}/api/events/{key}/stream?key={key}&token={key}',
  'node server.js --port {port} --key $API_KEY --token $TOKEN --secret "$SECRET"',
  'hydrotest run --key stream-{n} --header @headers.txt --seed 42',
  'look for a missing close listener: the session is open',
  'stream 17 still open 31,004 ms after disconnect (limit 30,000)',
  'Basic understanding of bearer authentication',
  'mail to a@b.example, or see https://example.com/@scope/name',
];

describe('what looks like a secret', () => {
  it.each(HIDDEN_IN)('is hidden by the name before it: %s', (text, left) => {
    const withSecret = text.replaceAll('S3CR', 'hunter2hunter2');
    const hidden = redact(withSecret);
    expect(hidden).not.toContain('hunter2');
    if (!left.includes('7')) expect(hidden).toBe(left);
    expect(redact(hidden)).toBe(hidden);
  });

  it.each(BY_FORM)('is hidden by its form: %s', (secret) => {
    expect(redact(`before ${secret} behind`)).toBe('before (hidden) behind');
    expect(redact(`["${secret}"]`)).toBe('["(hidden)"]');
  });

  it.each(UNTOUCHED)('is nothing of this: %s', (text) => {
    expect(redact(text)).toBe(text);
  });

  it('is found, so that it is hidden elsewhere too', () => {
    expect(secretsIn('A_TOKEN=first node s.js --api-key second')).toEqual(['second', 'first']);
    expect(secretsIn('/e?token=a%2Fb')).toEqual(['a%2Fb', 'a/b']);
    expect(secretsIn('node server.js --port {port}')).toEqual([]);
  });

  it('takes no time for a long line without an end', () => {
    const began = process.cpuUsage();
    for (const piece of ['x', 'token', 'a@', 'Bearer ', 'eyJ.', '-']) redact(piece.repeat(20_000));
    const { user } = process.cpuUsage(began);
    // Quadratic, it would be minutes; linear, it is some milliseconds.
    expect(user / 1e6).toBeLessThan(5);
  });
});

describe('a known secret', () => {
  it('is hidden wherever it turns up, in the forms in which it is written', () => {
    keepSecret(['tea&biscuits"4two']);
    for (const text of ['xtea&biscuits"4twox', 'xtea%26biscuits%224twox', '"xtea&biscuits\\"4twox"'])
      expect(redactKnown(text)).toMatch(/^"?x\(hidden\)x"?$/);
  });

  it('of few letters is hidden where it stands alone', () => {
    keepSecret(['shrt5', 'x', '(hidden)', '$NAME', '{key}']);
    expect(redact('a shrt5, shrt55 and x of $NAME and {key}')).toBe(
      'a (hidden), shrt55 and x of $NAME and {key}',
    );
  });

  it('that contains another one is hidden whole', () => {
    keepSecret(['outerinner', 'inner']);
    expect(redact('outerinner inner')).toBe('(hidden) (hidden)');
  });

  it('of headers is each part that could be a token, but nothing that everybody sends', () => {
    const basic = Buffer.from('ann:opensesame').toString('base64');
    expect(
      secretsOfHeaders({
        Authorization: `Basic ${basic}`,
        Cookie: 'theme=1; sid=longsession',
        Accept: 'text/event-stream',
        'X-Key': 'short',
      }),
    ).toEqual(
      expect.arrayContaining([
        `Basic ${basic}`,
        basic,
        'opensesame',
        'theme=1; sid=longsession',
        'longsession',
        'short',
      ]),
    );
    expect(secretsOfHeaders({ Accept: 'text/event-stream', 'User-Agent': 'me/1.0' })).toEqual([]);
  });

  it('of an environment is what is named so', () => {
    const environment = {
      PATH: '/usr/bin:/home/ann/.token/bin',
      API_TOKEN: 'longenough',
      SSH_AUTH_SOCK: '/tmp/ssh',
      USE_TOKEN: 'true',
      REDIS: 'redis://:opensesame@127.0.0.1',
    };
    expect(secretsOfEnvironment(environment)).toEqual(['longenough', ':opensesame']);
  });
});

test('an entry keeps the words by which it is read back', () => {
  keepSecret(['abrupt-drop']);
  const entry = {
    type: 'x',
    behaviour: 'abrupt-drop',
    lastError: 'of abrupt-drop',
    n: 1,
    list: [null, { key: 'a' }],
  };
  expect(redactEntry(entry)).toEqual({ ...entry, lastError: 'of (hidden)' });
});

describe('a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hydrotest-redact-'));
  const path = join(folder, 'target.log');
  const inFolder = () => readdirSync(folder);

  it('loses its secrets line by line, and nothing else', async () => {
    const filler = 'listening on 3000\n'.repeat(200_000);
    writeFileSync(path, `${filler}password=hunter2\nlast é\n${filler}token: abc`);
    await redactFile(path);
    const text = readFileSync(path, 'utf8');
    expect(text === `${filler}password=(hidden)\nlast é\n${filler}token: (hidden)`).toBe(true);
    expect(inFolder()).toEqual(['target.log']);
  });

  it('without secrets stays the very same file', async () => {
    writeFileSync(path, 'nothing\nto hide');
    const { ino } = statSync(path);
    await redactFile(path);
    expect(statSync(path).ino).toBe(ino);
    expect(inFolder()).toEqual(['target.log']);
  });

  it('that is empty or missing is no matter', async () => {
    writeFileSync(path, '');
    await redactFile(path);
    expect(readFileSync(path, 'utf8')).toBe('');
    rmSync(path);
    await redactFile(path);
    expect(inFolder()).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});

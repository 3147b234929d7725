import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { sourceAddress, vanishingUnavailable, whyUnavailable } from './vanish.ts';

const trial = fileURLToPath(new URL('../testing/vanish-trial.ts', import.meta.url));
const asRoot = ['--net'];
const asUser = ['--user', '--map-root-user', '--net'];

/** How this machine lets us make a network namespace and a route in it; null: it does not. */
function unshareOptions(): string[] | null {
  for (const options of [asRoot, asUser]) {
    try {
      const commands = 'ip link set lo up && ip route add unicast 127.99.99.99/32 dev lo table local';
      execFileSync('unshare', [...options, 'sh', '-c', commands], { stdio: 'ignore', timeout: 10_000 });
      return options;
    } catch {
      // The next, or none.
    }
  }
  return null;
}

const options = unshareOptions();
const skipped =
  options === null ? ' (skipped: no right to make a network namespace with `unshare --net`, or no `ip`)' : '';

async function runTrial(how: string[]) {
  // The last command removes nothing of its own: what is still there when the trial has exited is printed.
  const commands = 'ip link set lo up && "$0" "$1" && echo left: $(ip route show table local type unicast)';
  const { stdout } = await promisify(execFile)(
    'unshare',
    [...how, 'sh', '-c', commands, process.execPath, trial],
    { timeout: 50_000 },
  );
  const [json = '', left] = stdout.trim().split('\n');
  return { seen: JSON.parse(json), left };
}

test.skipIf(options === null)(
  `the server sees neither FIN nor RST of it, and a RST of one that breaks off${skipped}`,
  async () => {
    const { seen, left } = await runTrial(options ?? []);
    expect(seen).toMatchObject({
      unavailableElsewhere: expect.stringMatching(/192\.0\.2\.1 is not/),
      // Each has an address of its own: who stays beside them goes on.
      addresses: 3,
      wentOn: true,
      twin: 'rst',
      vanished: [null, null, null],
      states: ['01', '01', '01'],
      clientSockets: ['none', 'none', 'none'],
      routeCount: 3,
      vanishedCount: 3,
      // And when they are brought back, a RST answers what the server sends; no route is left.
      routesAfter: '',
      endsAfter: ['rst', 'rst', 'rst'],
      routesAtEnd: 1,
    });
    for (const record of seen.records) {
      expect(record).toMatchObject({ behaviour: 'half-open', ending: 'client', status: 200, error: null });
    }
    expect(left).toBe('left:');
  },
);

test.skipIf(options === null || process.getuid?.() !== 0)(
  `in a user namespace as well${skipped}`,
  async () => {
    const { seen, left } = await runTrial(asUser);
    expect(seen).toMatchObject({ twin: 'rst', vanished: [null, null, null] });
    expect(left).toBe('left:');
  },
);

test('where it cannot be, a sentence says why, and opening one is a usage error', async () => {
  for (const url of ['http://[::1]:1/', 'http://192.0.2.1/', 'http://example.test/']) {
    expect(await vanishingUnavailable(url)).toMatch(/only from a server at an IPv4 loopback address/);
  }
  const url = 'http://127.0.0.1:1/';
  const here = whyUnavailable(url);
  expect(await vanishingUnavailable(url)).toBe(here);
  if (here === null) return;
  expect(here).toMatch(/only/);
  expect(() => behaviours['half-open'].open({ url, headers: {} })).toThrow(
    expect.objectContaining({ code: 'usage', message: here }),
  );
});

test('addresses are loopback ones and differ', () => {
  const addresses = Array.from({ length: 2_000 }, sourceAddress);
  expect(new Set(addresses).size).toBe(2_000);
  for (const address of addresses)
    expect(address).toMatch(/^127\.(12[89]|1[3-9]\d|2[0-4]\d|25[0-4])\.\d+\.\d+$/);
});

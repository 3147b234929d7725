import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isLoopback } from '../loopback.ts';
import { dial } from './dial.ts';
import { parseTarget } from './http-request.ts';
import { SLOT_MS } from './pace.ts';
import { type LookupAll, openRoutes, wayTo } from './reach.ts';

/** Of no machine: a system refuses to open a TCP connection to it by itself, so that no test can reach anybody. */
const ELSEWHERE = '224.0.0.1';

let server: Server;
let port: number;
let accepted: number[];
let sockets: Socket[];

beforeEach(async () => {
  accepted = [];
  sockets = [];
  server = createServer((socket) => {
    accepted.push(performance.now());
    socket.on('error', () => {}).resume();
    sockets.push(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  server.close();
  await once(server, 'close');
});

/** Null: it was connected; otherwise the error's message. */
function outcomeOf(socket: Socket): Promise<string | null> {
  sockets.push(socket);
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(null));
    socket.on('error', ({ message }) => resolve(message));
  });
}

const dialled = (host: string) => outcomeOf(dial(parseTarget(`http://${host}:${port}/`)).socket);
const looked = (host: string, lookup: LookupAll) => outcomeOf(connect({ ...wayTo(host, lookup), port }));

/** A name server that gives one answer after the other. */
function answering(...answers: string[][]): LookupAll & { count: number } {
  const lookup: LookupAll & { count: number } = Object.assign(
    (...[, , done]: Parameters<LookupAll>) => {
      const addresses = answers[Math.min(lookup.count, answers.length - 1)] ?? [];
      lookup.count += 1;
      setImmediate(() =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
      );
    },
    { count: 0 },
  );
  return lookup;
}

describe('loopback is what leads to this machine', () => {
  it.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '::1', '::', '0:0:0:0:0:0:0:1', '::1%lo'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:1'],
  ])('%s does', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each([
    ...['126.255.255.255', '128.0.0.1', '10.0.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.1', ELSEWHERE],
    ...['::2', 'fe80::1', 'fe80::1%lo', 'fd00::1', '2001:db8::1', '::ffff:10.0.0.1', '64:ff9b::127.0.0.1'],
    // What is no address is not taken for one.
    ...['localhost', '127.1', '0x7f000001', '2130706433', '127.0.0.1.', '', ' 127.0.0.1'],
  ])('%s does not', (address) => {
    expect(isLoopback(address)).toBe(false);
  });
});

describe('a connection', () => {
  it.each([
    ...['127.0.0.1', '127.1', '0x7f000001', '2130706433', '0177.0.0.1', '127.0.0.1.'],
    ...['[::ffff:127.0.0.1]', '0.0.0.0', 'localhost', 'localhost.', 'LOCALHOST'],
  ])('is made to %s, which is loopback', async (host) => {
    expect(await dialled(host)).toBe(null);
  });

  it.each([ELSEWHERE, '0xe0000001', '3758096385', '[::ffff:224.0.0.1]', '[ff01::1]'])(
    'is not made to %s, and says so',
    async (host) => {
      expect(await dialled(host)).toContain('was not dialled: it is no loopback address');
    },
  );

  it('is made to a name only if all of its addresses are loopback, whichever comes first', async () => {
    expect(await looked('two.test', answering(['127.0.0.1', '127.0.0.2']))).toBe(null);
    for (const addresses of [
      ['127.0.0.1', ELSEWHERE],
      [ELSEWHERE, '127.0.0.1'],
      ['127.0.0.1', 'ff01::1'],
    ])
      expect(await looked('mixed.test', answering(addresses))).toContain('was not dialled');
    expect(accepted).toHaveLength(1);
  });

  it('is not made to a name that leads elsewhere later (DNS rebinding)', async () => {
    const lookup = answering(['127.0.0.1'], [ELSEWHERE]);
    expect(await looked('rebinds.test', lookup)).toBe(null);
    const refused = await looked('rebinds.test', lookup);
    expect(refused).toBe(
      `rebinds.test, which is at ${ELSEWHERE}, was not dialled: it is no loopback address, and not one of this run's`,
    );
    expect(lookup.count).toBe(2);
  });

  it('fails as it does where a name has no address', async () => {
    const lookup: LookupAll = (_name, _options, done) => setImmediate(() => done(new Error('ENOTFOUND'), []));
    expect(await looked('nobody.test', lookup)).toBe('ENOTFOUND');
  });
});

// A name that is allowed stands for a remote host here: what is pinned and paced is the name, and nothing leaves the machine.
describe('a host that is allowed', () => {
  it('is dialled at the addresses it was resolved to, and no name server is asked again', async () => {
    const close = openRoutes({ 'pinned.test': ['127.0.0.1'], 'away.test': [ELSEWHERE] });
    const lookup = answering([ELSEWHERE]);
    expect(await looked('pinned.test', lookup)).toBe(null);
    expect(lookup.count).toBe(0);
    // Allowed: so it is the system that refuses.
    expect(await looked('away.test', answering(['127.0.0.1']))).not.toContain('was not dialled');
    expect(await looked('other.test', lookup)).toContain('was not dialled');
    close();
    expect(await looked('pinned.test', lookup)).toContain('was not dialled');
    expect(lookup.count).toBe(2);
  });

  it('stays allowed until the last run that may go there has ended', async () => {
    const [first, second] = [1, 2].map(() => openRoutes({ 'shared.test': ['127.0.0.1'] }));
    first?.();
    first?.();
    expect(await dialled('shared.test')).toBe(null);
    second?.();
    expect(await looked('shared.test', answering([ELSEWHERE]))).toContain('was not dialled');
  });

  it('gets its connections one after the other', async () => {
    const close = openRoutes({ 'paced.test': ['127.0.0.1'] });
    const opened = Array.from({ length: 16 }, () => dialled('paced.test'));
    await Promise.all(opened);
    while (accepted.length < opened.length) await once(server, 'connection');
    const [first = 0, last = 0] = [accepted[0], accepted.at(-1)];
    // The first may be late, and the last is never early.
    expect(last - first).toBeGreaterThan((opened.length - 2) * SLOT_MS - 1);
    close();
  });
});

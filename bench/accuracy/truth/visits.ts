import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamClient } from './stream-client.ts';

const LATEST_DROP_MS = 12;

/** Until the slow reader is cut off: long enough for the server to meet a full socket. */
const SLOW_MS = 20;

type Open = (key: string, headers?: Record<string, string>) => StreamClient;

/** One visit of a client on each path: it comes, does what it does, and its connection is gone. `n` is new each time. */
export const visits = {
  'graceful close': (open: Open, n: number) => comeAndGo(open(sharedKey(n)), 'fin'),
  'abrupt drop': (open: Open, n: number) => comeAndGo(open(sharedKey(n)), 'rst'),
  'new key each time': (open: Open, n: number) => comeAndGo(open(`stream-${10_000 + n}`), 'rst'),
  reconnect: (open: Open, n: number) => comeAndGo(open(sharedKey(n), { 'Last-Event-ID': '1' }), 'rst'),
  /** With keep-alive the connection would stay for 5 s after the stream has ended. */
  deadline: (open: Open, n: number) => open(sharedKey(n), { Connection: 'close' }).closed,
  async 'drop before the first byte'(open: Open, n: number) {
    const stream = open(sharedKey(n));
    if (n % 2 === 0) await sleep(n % LATEST_DROP_MS);
    stream.leave('fin');
    await stream.closed;
  },
  async 'slow reader'(open: Open, n: number) {
    const stream = open(sharedKey(n));
    await expectAccepted(stream);
    stream.stall();
    await sleep(SLOW_MS);
    stream.leave('rst');
    await stream.closed;
  },
  async rejection(open: Open) {
    const stream = open(FULL_KEY, { Connection: 'close' });
    await expectAnswer(stream, REFUSED);
    await stream.closed;
  },
};

/** Statuses, and the close code of a WebSocket. */
const ACCEPTED = [200, 101];
const REFUSED = [429, 4429];

/** The key on which the path `rejection` finds no place left. */
export const FULL_KEY = 'full';

export async function expectAccepted(stream: StreamClient): Promise<void> {
  await expectAnswer(stream, ACCEPTED);
}

async function expectAnswer(stream: StreamClient, expected: readonly number[]): Promise<void> {
  const answer = await stream.answered;
  if (answer === null || !expected.includes(answer))
    throw new Error(`expected ${expected.join(' or ')}, got ${answer}`);
}

async function comeAndGo(stream: StreamClient, how: 'fin' | 'rst'): Promise<void> {
  await expectAccepted(stream);
  stream.leave(how);
  await stream.closed;
}

const sharedKey = (n: number) => `stream-${n % 20}`;

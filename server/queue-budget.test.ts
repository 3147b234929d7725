import { describe, expect, test } from 'vitest';
import { createQueueBudget, type QueueBudget, type Queued } from './queue-budget.ts';
import type { Stream } from './stream.ts';
import { eventLines, startServer } from './testing/start-server.ts';
import { until } from './testing/until.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

describe('a budget of 100 bytes', () => {
  let told = 0;
  const budgetOf100 = () => {
    told = 0;
    return createQueueBudget({ maxBytes: 100, onGivenUp: () => void (told += 1), graceMs: 20 });
  };
  class Waiting implements Queued {
    queuedBytes = 0;
    isGivenUp = false;
    giveUp() {
      this.isGivenUp = true;
    }
  }
  function queued(budget: ReturnType<typeof budgetOf100>, ...bytes: number[]): Waiting[] {
    return bytes.map((queuedBytes) => {
      const stream = Object.assign(new Waiting(), { queuedBytes });
      budget.note(stream, queuedBytes);
      return stream;
    });
  }
  const givenUp = (streams: Waiting[]) => streams.map(({ isGivenUp }) => isGivenUp);

  test('gives up the oldest of the long queues until the others fit, and not at once', async () => {
    const budget = budgetOf100();
    const streams = queued(budget, 10, 40, 45, 20, 50);
    expect(budget.isExceeded).toBe(true);
    expect(givenUp(streams)).toEqual([false, false, false, false, false]);
    await until('it has room', () => !budget.isExceeded);
    expect(givenUp(streams)).toEqual([false, true, true, false, false]);
    expect(told).toBe(2);
  });

  test('gives up nobody where all fit, or where the readers have taken enough meanwhile', async () => {
    const budget = budgetOf100();
    const [first, second, third] = queued(budget, 40, 40, 40);
    if (first !== undefined) budget.forget(first);
    if (second !== undefined) second.queuedBytes = 10;
    const overdrawn = queued(budget, 21);
    await until('it has looked', () => !budget.isExceeded);
    const fitting = queued(budget, 29); // with 10, 40 and 21: exactly 100
    expect(budget.isExceeded).toBe(false);
    expect(givenUp([...overdrawn, ...fitting, ...(third ? [third] : [])])).toEqual([false, false, false]);
    expect(told).toBe(0);
  });

  test('counts a stream once, however often it tells', () => {
    const budget = budgetOf100();
    const [stream] = queued(budget, 90);
    for (let n = 0; n < 10; n += 1) if (stream !== undefined) budget.note(stream, 100);
    expect(budget.isExceeded).toBe(false);
    for (let n = 0; n < 2; n += 1) if (stream !== undefined) budget.forget(stream);
    expect(queued(budget, 100)).toHaveLength(1);
    expect(budget.isExceeded).toBe(false);
  });
});

describe('readers that take nothing', () => {
  const eventCount = 12_000;

  /** Eight of them on a server whose streams end for no other reason, beside a good one that gets everything. */
  async function stall(maxQueuesBytes: number) {
    const streams: Stream[] = [];
    const ended = new Set<Stream>();
    const server = await startServer({ maxQueuesBytes, stallMs: 60_000, limit: 100 }, (parts) => ({
      ...parts,
      openStream(options) {
        const stream = parts.openStream({
          ...options,
          onEnd(summary) {
            ended.add(stream);
            options.onEnd(summary);
          },
        });
        streams.push(stream);
        return stream;
      },
    }));
    server.append('flow', eventLines(eventCount, 1 * KiB));
    for (let n = 0; n < 8; n += 1) server.stream('flow', { 'Last-Event-ID': '0' }).socket.pause();
    const good = server.stream('flow', { 'Last-Event-ID': '0' });
    await good.received(`data: {"n":${eventCount - 1},`);
    const stalled = () => streams.filter((stream) => ended.has(stream) || stream.queuedBytes > 0);
    await until('each of the eight has a queue, or had', () => stalled().length === 8);
    return {
      server,
      queuedBytes: () =>
        streams.reduce((sum, stream) => sum + (ended.has(stream) ? 0 : stream.queuedBytes), 0),
      endedCount: () => server.log.filter(({ reason }) => reason === 'slow_consumer').length,
      isGoodOpen: () => !good.isClosed,
    };
  }

  test('together have no more than the server gives them, and the good one is spared', async () => {
    const { server, queuedBytes, endedCount, isGoodOpen } = await stall(1 * MiB);
    await until('the others fit', () => endedCount() > 0 && queuedBytes() <= 1 * MiB);
    // Each has a batch of up to 256 KiB, whatever the budget.
    expect(endedCount()).toBeLessThan(8);
    expect(server.log.filter(({ msg }) => msg.startsWith('slow reader ended'))).toHaveLength(1);
    expect(isGoodOpen()).toBe(true);
    await server.close();
  });

  test('are left alone where they fit', async () => {
    const { server, queuedBytes, endedCount, isGoodOpen } = await stall(64 * MiB);
    await until('they have more than the others may', () => queuedBytes() > 4 * MiB);
    expect(endedCount()).toBe(0);
    expect(isGoodOpen()).toBe(true);
    await server.close();
  });
});

describe('what a stream tells the budget', () => {
  /** A stalled reader beside which the budget is exceeded or not; `waiting` are the streams that have told of a queue. */
  async function stall(isExceeded: boolean) {
    const waiting = new Set<Queued>();
    let longestBytes = 0;
    const queues: QueueBudget = {
      isExceeded,
      note(stream, bytes) {
        waiting.add(stream);
        longestBytes = Math.max(longestBytes, bytes);
      },
      forget: (stream) => void waiting.delete(stream),
    };
    const server = await startServer({ stallMs: 60_000 }, (parts) => ({
      ...parts,
      openStream: (options) => parts.openStream({ ...options, queues }),
    }));
    server.append('flow', eventLines(12_000, 1 * KiB));
    const reader = server.stream('flow', { 'Last-Event-ID': '0' });
    reader.socket.pause();
    await until('it has a queue', () => waiting.size === 1 && longestBytes > 0);
    return { server, reader, waiting, longestBytes: () => longestBytes };
  }

  test('is taken back when the reader has taken all', async () => {
    const { server, reader, waiting, longestBytes } = await stall(false);
    await until('it is full', () => longestBytes() > 512 * KiB);
    reader.socket.resume();
    await reader.received('data: {"n":11999,');
    await until('nothing waits', () => waiting.size === 0);
    await server.close();
  });

  test('is taken back when the stream ends, and while all is too much a queue is one batch', async () => {
    const { server, reader, waiting, longestBytes } = await stall(true);
    reader.socket.destroy();
    await until('the stream has ended', async () => (await server.health()).openStreams === 0);
    expect(waiting.size).toBe(0);
    expect(longestBytes()).toBeLessThan(300 * KiB);
    await server.close();
  });
});

import { createHook } from 'node:async_hooks';
import { mkdirSync, renameSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Poll, type Polled } from './poll.ts';
import { ReadBuffers } from './read-buffers.ts';
import { LogSubscription } from './subscription.ts';
import { Tail } from './tail.ts';
import { LogFolder, numbered, range, until } from './testing/log-folder.ts';

const POLL_MS = 5;

class Looks implements Polled {
  count = 0;

  poll(): void {
    this.count += 1;
  }
}

describe('looks', () => {
  it('at one tail every time, and at twenty of a hundred others in turn', async () => {
    const poll = new Poll(POLL_MS);
    const always = new Looks();
    const others = range(1, 100).map(() => new Looks());
    for (const other of others) poll.keep(other, false);
    poll.keep(always, true);
    await until(() => always.count === 12);
    const counts = others.map(({ count }) => count);
    expect(counts.reduce((sum, count) => sum + count)).toBe(12 * 20);
    expect(Math.max(...counts) - Math.min(...counts)).toBe(1);

    poll.keep(always, false);
    poll.keep(others[0] as Looks, true);
    const before = others.map(({ count }) => count);
    await until(() => (others[0]?.count ?? 0) >= (before[0] ?? 0) + 10);
    expect(always.count - 12).toBeLessThan(10);
    for (const looked of [always, ...others]) poll.remove(looked);
  });

  it('at no file of idle workflows more often because there are more of them', async () => {
    const folder = new LogFolder({ pollMs: POLL_MS });
    const workflowIds = range(1, 200).map((n) => `w${n}`);
    const readers = workflowIds.map((workflowId) => {
      folder.append(numbered(1, 1), workflowId);
      return folder.follow({ recentEvents: 1 }, workflowId);
    });
    await Promise.all(readers.map((reader) => reader.gets(1)));
    let lookCount = 0;
    const hook = createHook({ init: (_id, type) => void (type === 'FSREQPROMISE' && (lookCount += 1)) });
    // As often as the poll, in the same event loop: when that is late, both are.
    const poll = new Poll(POLL_MS);
    const clock = new Looks();
    poll.keep(clock, true);
    hook.enable();
    try {
      await until(() => clock.count >= 50);
    } finally {
      hook.disable();
      poll.remove(clock);
      await folder.remove();
    }
    expect(lookCount).toBeGreaterThan(0);
    // 20 each time; a look at every file each time would be 200.
    expect(lookCount).toBeLessThan(40 * clock.count);
  });
});

/** Notes how often the tail last asked to be looked at. */
class NotingPoll extends Poll {
  isEveryTime = false;

  override keep(tail: Polled, needsEveryTime: boolean): void {
    this.isEveryTime = needsEveryTime;
    super.keep(tail, needsEveryTime);
  }
}

describe('a tail asks to be looked at every time', () => {
  let folder: LogFolder;
  let poll: NotingPoll;
  let tail: Tail;
  let eventCount = 0;

  beforeEach(() => {
    folder = new LogFolder();
    poll = new NotingPoll(POLL_MS);
    eventCount = 0;
  });
  afterEach(async () => {
    await tail.close();
    await folder.remove();
  });

  function follow(path: string): void {
    const { logger } = folder;
    const buffers = new ReadBuffers();
    tail = new Tail({ workflowId: 'w', path, root: folder.root, logger, buffers, poll, maxLineBytes: 1000 });
    const deliver = (batch: { eventCount: number }) => {
      eventCount += batch.eventCount;
      return true;
    };
    const consumer = { deliver, reset: () => {} };
    tail.add(new LogSubscription(tail, { recentEvents: 10 }, consumer, () => {}));
  }

  it('from what the watch did not tell of, until it tells of something', async () => {
    mkdirSync(join(folder.root, 'first'));
    mkdirSync(join(folder.root, 'second'));
    writeFileSync(join(folder.root, 'first', 'events.jsonl'), numbered(1, 1));
    writeFileSync(join(folder.root, 'second', 'events.jsonl'), numbered(2, 3));
    const link = join(folder.root, 'link');
    symlinkSync('first', link);
    const path = join(link, 'events.jsonl');
    follow(path);
    await until(() => eventCount === 1 && !poll.isEveryTime);
    // Nothing happens to the file that is watched.
    symlinkSync('second', `${link}.new`);
    renameSync(`${link}.new`, link);
    await until(() => eventCount === 3 && poll.isEveryTime);
    writeFileSync(path, numbered(4, 4), { flag: 'a' });
    await until(() => eventCount === 4 && !poll.isEveryTime);
  });

  it('while it cannot read the file', async () => {
    const path = folder.path();
    mkdirSync(path, { recursive: true });
    follow(path);
    await until(() => folder.logged.length > 0);
    expect(poll.isEveryTime).toBe(true);
    rmdirSync(path);
    writeFileSync(path, numbered(1, 1));
    await until(() => eventCount === 1 && !poll.isEveryTime);
  });
});

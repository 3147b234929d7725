import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { abortable, sleep, until, within } from './waiting.ts';

const LONG_MS = 600_000;
const never = () => new Promise<never>(() => {});

/** Timers that keep this process alive. */
function timerCount(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe.each<[name: string, wait: (signal: AbortSignal) => Promise<unknown>]>([
  ['sleep', (signal) => sleep(LONG_MS, signal)],
  ['within', (signal) => within(never(), LONG_MS, signal)],
  ['abortable', (signal) => abortable(never(), signal)],
  ['until', (signal) => until(() => false, LONG_MS, signal)],
  [
    'until, in a condition that is slow',
    (signal) => until(() => within(never(), LONG_MS, signal).then(Boolean), 1, signal),
  ],
])('%s', (_, wait) => {
  it('rejects with the reason as soon as it is aborted, and leaves no timer and no listener', async () => {
    const before = timerCount();
    const controller = new AbortController();
    const reason = new Error('Ctrl-C');
    const waiting = wait(controller.signal);
    const rejected = expect(waiting).rejects.toBe(reason);
    await Promise.resolve();
    controller.abort(reason);
    await rejected;
    expect(timerCount()).toBe(before);
    expect(getEventListeners(controller.signal, 'abort')).toEqual([]);
  });

  it('rejects at once when it was aborted before', async () => {
    const before = timerCount();
    const reason = new Error('Ctrl-C');
    await expect(wait(AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(timerCount()).toBe(before);
  });
});

const { signal } = new AbortController();

describe('sleep', () => {
  it('comes back', async () => {
    await sleep(1, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});

describe('within', () => {
  it('gives the value, and leaves nothing behind', async () => {
    const before = timerCount();
    expect(await within(Promise.resolve(7), LONG_MS, signal)).toBe(7);
    expect(timerCount()).toBe(before);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('gives null when there is no value in time', async () => {
    expect(await within(never(), 1, signal)).toBe(null);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('passes a rejection on', async () => {
    const before = timerCount();
    await expect(within(Promise.reject(new Error('broken')), LONG_MS, signal)).rejects.toThrow('broken');
    expect(timerCount()).toBe(before);
  });
});

describe('until', () => {
  it('asks again until it is so', async () => {
    let asked = 0;
    expect(await until(async () => ++asked === 4, LONG_MS, signal)).toBe(true);
    expect(asked).toBe(4);
  });

  it('gives up when the time is over, but not before it has asked', async () => {
    let asked = 0;
    const no = () => {
      asked++;
      return false;
    };
    expect(await until(no, 0, signal)).toBe(false);
    expect(asked).toBe(1);
    expect(await until(no, 20, signal)).toBe(false);
    expect(asked).toBeGreaterThan(2);
  });

  it('passes on what the condition throws', async () => {
    const broken = () => Promise.reject(new Error('broken'));
    await expect(until(broken, LONG_MS, signal)).rejects.toThrow('broken');
  });
});

it("what rejects after it was not waited for any more is nobody's unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const onUnhandled = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', onUnhandled);
  try {
    const gone = AbortSignal.abort(new Error('the run was stopped'));
    let reject = (_: Error) => {};
    const work = new Promise<never>((_, fail) => {
      reject = fail;
    });
    await expect(abortable(work, gone)).rejects.toThrow('the run was stopped');
    reject(new Error('the work was stopped'));
    // Node tells of them once the microtasks of a turn are done.
    await new Promise((turn) => setImmediate(turn));
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', onUnhandled);
  }
});

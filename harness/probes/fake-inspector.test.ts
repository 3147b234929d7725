/** Ports that look like a Node's inspector and hang or talk nonsense: each look ends at its deadline, and what is left is read. */
import { describe, expect, test } from 'vitest';
import { listenersOf } from './inspector-port.ts';
import { openTargetProbe } from './open-target-probe.ts';
import type { OpenedProbe, TargetProbe } from './target-probe.ts';
import { type FakeBehaviour, type FakeInspector, startFakeInspector } from './testing/fake-inspector.ts';
import { type ObedientProcess, startObedientProcess } from './testing/obedient-process.ts';

const MIB = 1024 * 1024;
const POLL = { timeout: 20_000 };
const { signal } = new AbortController();
interface Opened extends OpenedProbe {
  target: ObedientProcess;
  fake: FakeInspector;
}

/** `openWith` gives a target with such an inspector and a probe on it, both of which are gone when the test is over. */
const fakeTest = test.extend<{
  openWith(behaviour: FakeBehaviour, options?: { mayOpen?: boolean; readMs?: number }): Promise<Opened>;
}>({
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
  openWith: async ({}, use) => {
    const closers: (() => Promise<void>)[] = [];
    await use(async (behaviour, { mayOpen = false, readMs = 60_000 } = {}) => {
      const target = await startObedientProcess({ nodeArgs: ['--inspect-port=0'] });
      closers.push(() => target.end());
      const fake = await startFakeInspector(target, behaviour);
      const { pid: rootPid, port } = target;
      const opened = await openTargetProbe({
        ...{ rootPid, port, includeGroup: true, inspect: true, mayOpen, readMs, signal },
      });
      closers.unshift(() => opened.probe.close());
      return { ...opened, target, fake };
    });
    for (const close of closers) await close();
  },
});

/** Whatever the inspector does, the server lives, and its memory is read. */
async function expectMemory(probe: TargetProbe, target: ObedientProcess): Promise<void> {
  const reading = await probe.readQuiet({ signal });
  expect(reading.heap).toBe(null);
  expect(reading.anonymousBytes).toBeGreaterThan(MIB);
  expect(reading.rssBytes).toBeGreaterThan(MIB);
  expect(await target.run('return 1 + 1')).toBe(2);
}

describe.concurrent('from the beginning', () => {
  fakeTest.for<[what: string, behaviour: FakeBehaviour, gap: RegExp]>([
    ['takes the connection and is silent', { reply: 'undefined' }, /getHeapUsage had no answer for 3000 ms/],
    ['does not take the connection', { upgrades: false }, /connecting to ws:.* had no answer for 3000 ms/],
    ['talks no JSON', { reply: `'{"id":' + answer.id` }, /answered with something that is no JSON/],
    [
      'answers other questions',
      { reply: '({ ...answer, id: answer.id + 1e6 })' },
      /had no answer for 3000 ms/,
    ],
    ['answers with nothing', { reply: '({ ...answer, result: null })' }, /told no usedSize/],
    ['answers with words', { reply: `({ ...answer, result: { usedSize: 'much' } })` }, /told no usedSize/],
    [
      'answers with less than nothing',
      { reply: '({ ...answer, result: { usedSize: -1 } })' },
      /told no usedSize/,
    ],
    [
      'answers with more than there is',
      { reply: '({ ...answer, result: { usedSize: 1e300 } })' },
      /no usedSize/,
    ],
    [
      'refuses at length',
      { reply: `({ ...answer, error: { message: 'no'.repeat(10_000) } })` },
      /refused: .{1,300}$/,
    ],
  ])('an inspector that %s', async ([, behaviour, gap], { openWith }) => {
    const { probe, gap: told, target } = await openWith(behaviour);
    expect(told).toMatch(gap);
    expect(probe.capabilities).toMatchObject({ level: 'anonymous', collects: false });
    await expectMemory(probe, target);
  });
});

describe.concurrent('after it was read once', () => {
  fakeTest.for<[what: string, reply: string, gap: RegExp]>([
    ['is silent', 'undefined', /collectGarbage had no answer for \d+ ms/],
    ['talks no JSON', `'<html>'`, /answered with something that is no JSON/],
    ['answers with words', `({ ...answer, result: { usedSize: 'much' } })`, /told no usedSize/],
  ])('an inspector that %s', async ([, reply, missing], { openWith }) => {
    const { probe, gap, target, fake } = await openWith({}, { readMs: 1000 });
    expect(gap).toBe(null);
    expect((await probe.readQuiet({ signal })).heap).toEqual({
      ...{ usedBytes: 5e6, arrayBufferBytes: 1000, externalBytes: 2000, processCount: 1 },
    });
    await fake.reply(reply);
    await expectMemory(probe, target);
    expect(probe.missing()).toMatch(missing);
    expect(probe.missing()).toContain(`the heap of process ${target.pid} cannot be read any more`);
    // It is not asked a second time.
    await fake.reply('answer');
    await expectMemory(probe, target);
  });
});

describe.concurrent('another port of the server', () => {
  fakeTest.for<[what: string, list: string]>([
    ['never answers', ''],
    ['sends a head and never a body', `response.writeHead(200, { 'content-length': 10 }).flushHeaders();`],
    ['is no inspector', `response.end('[{"type":"node","webSocketDebuggerUrl":7}]');`],
    ['sends a list without an end', `response.end('['.repeat(1e6));`],
  ])('that %s is passed over, and the real inspector found', async ([, list], { openWith, expect }) => {
    const { probe, gap, target } = await openWith({ list }, { mayOpen: true });
    expect(gap).toBe(null);
    expect((await probe.readQuiet({ signal })).heap?.usedBytes).toBeGreaterThan(MIB);
    await probe.close();
    await expect.poll(async () => (await listenersOf(target.pid)).length, POLL).toBe(2);
  });
});

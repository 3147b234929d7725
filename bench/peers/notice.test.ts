import { expect, test } from 'vitest';
import { bareSockets, eventsource, nodeHttp, ours } from './node-clients.ts';
import { isNoticed, noticeFaults } from './notice.ts';

const nothing = { eventCount: 6, refusalCount: 0, closeCount: 0, gapCount: 0 };

test('a fault is noticed where it is counted, and only there', () => {
  expect(isNoticed('gap', { ...nothing, gapCount: 1 }, nothing)).toBe(true);
  expect(isNoticed('gap', nothing, nothing)).toBe(false);
  expect(isNoticed('gap', { ...nothing, closeCount: 1 }, nothing)).toBe(false);
});

test('who counts a fault without one has not noticed it', () => {
  expect(isNoticed('silent-close', { ...nothing, closeCount: 1 }, { ...nothing, closeCount: 1 })).toBe(false);
});

test('what is not told is not noticed, and no false alarm', () => {
  expect(isNoticed('refusal', { ...nothing, refusalCount: null }, nothing)).toBe(false);
  expect(isNoticed('refusal', { ...nothing, refusalCount: 1 }, { ...nothing, refusalCount: null })).toBe(
    true,
  );
});

test.concurrent('our client notices all three by itself', async () => {
  expect(await noticeFaults(ours, await ours.install(''))).toEqual({
    refusal: 'yes',
    'silent-close': 'yes',
    gap: 'yes',
  });
});

test.concurrent('eventsource leaves the ids to its user', async () => {
  expect(await noticeFaults(eventsource, await eventsource.install(''))).toEqual({
    refusal: 'yes',
    'silent-close': 'yes',
    gap: 'by own code',
  });
});

test.concurrent('node:http leaves status and end to its user, and sees no ids', async () => {
  expect(await noticeFaults(nodeHttp, await nodeHttp.install(''))).toEqual({
    refusal: 'by own code',
    'silent-close': 'by own code',
    gap: 'no',
  });
});

test.concurrent('a client that tells nothing notices nothing, whatever its author claims', async () => {
  const installed = await bareSockets.install('');
  const nothingNoticed = { refusal: 'no', 'silent-close': 'no', gap: 'no' };
  expect(await noticeFaults(bareSockets, installed)).toEqual(nothingNoticed);
  expect(await noticeFaults({ ...bareSockets, noticing: ours.noticing }, installed)).toEqual(nothingNoticed);
});

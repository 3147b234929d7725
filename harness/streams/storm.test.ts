import { afterEach, expect, test } from 'vitest';
import { joinStorm, leaveStorm, type StormMember } from './storm.ts';
import { until } from './testing/until.ts';

const PERIOD_MS = 20;
let members: { periodMs: number; member: StormMember }[] = [];

afterEach(() => {
  for (const { periodMs, member } of members) leaveStorm(periodMs, member);
  members = [];
});

function join(periodMs: number, drop: () => void): StormMember {
  const member = { drop };
  members.push({ periodMs, member });
  joinStorm(periodMs, member);
  return member;
}

test('all members drop in one turn of the event loop', async () => {
  let turn = 0;
  const counting = setInterval(() => (turn += 1), 1);
  const turns: number[][] = [[], [], []];
  const microtasks: string[] = [];
  for (const [index, seen] of turns.entries()) {
    join(PERIOD_MS, () => {
      seen.push(turn);
      microtasks.push(`member ${index}`);
      queueMicrotask(() => microtasks.push('later'));
    });
  }
  await until('three strikes', () => turns.every((seen) => seen.length >= 3));
  clearInterval(counting);
  expect(turns[1]).toEqual(turns[0]);
  expect(turns[2]).toEqual(turns[0]);
  expect(microtasks.slice(0, 4)).toEqual(['member 0', 'member 1', 'member 2', 'later']);
});

test('at multiples of the period of the machine’s clock, each at most once', async () => {
  const moments: number[] = [];
  const nowMs = () => Number(process.hrtime.bigint()) / 1e6;
  join(PERIOD_MS, () => moments.push(nowMs()));
  await until('twenty strikes', () => moments.length >= 20);
  // A timer may be a millisecond early; how late one is depends on the machine.
  const strikes = moments.map((moment) => Math.floor((moment + 1.5) / PERIOD_MS));
  expect(new Set(strikes).size).toBe(strikes.length);
});

test('another period is another storm; who has left is left alone', async () => {
  let [left, other] = [0, 0];
  const leaver = join(PERIOD_MS, () => (left += 1));
  join(PERIOD_MS + 7, () => (other += 1));
  await until('both were struck', () => left > 0 && other > 0);
  leaveStorm(PERIOD_MS, leaver);
  leaveStorm(PERIOD_MS, leaver);
  const [leftBefore, otherBefore] = [left, other];
  await until('the other was struck again', () => other >= otherBefore + 3);
  expect(left).toBe(leftBefore);
});

test('a member that leaves or joins during the strike', async () => {
  let first = 0;
  let second = 0;
  const member: StormMember = {
    drop() {
      first += 1;
      leaveStorm(PERIOD_MS, member);
      if (first === 1) join(PERIOD_MS, () => (second += 1));
    },
  };
  joinStorm(PERIOD_MS, member);
  await until('the new one was struck', () => second >= 2);
  expect(first).toBe(1);
});

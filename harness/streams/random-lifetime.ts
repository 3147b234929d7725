import type { Behaviour } from '../model.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';

const MEAN_LIFETIME_MS = 10_000;

/** A timer of more than 2³¹ − 1 ms fires at once. */
const LONGEST_MS = 2 ** 31 - 1;

const manners: RawStreamManners = { behaviour: 'random-lifetime', leave: 'fin' };

/** Exponentially distributed, by the inverse of its distribution function: `random` is uniform in [0, 1). */
export function lifetimeMs(meanMs: number, random: number): number {
  return Math.min(-meanMs * Math.log(1 - random), LONGEST_MS);
}

/** Viewers who come and go independently: how long each stays says nothing about how long it will stay yet. */
export const randomLifetime: Behaviour = {
  name: 'random-lifetime',
  describes:
    'closes the connection (FIN) by itself after a random time, 10 s on average, as viewers come and go',
  open(request) {
    const { meanLifetimeMs = MEAN_LIFETIME_MS, random = Math.random } = request;
    const stream = openRawStream(request, manners);
    stream.endAfter(lifetimeMs(meanLifetimeMs, random()));
    return stream;
  },
};

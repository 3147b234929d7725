import type { Behaviour, StreamRequest } from '../model.ts';
import { type ReturningManners, ReturningStream } from './returning-stream.ts';
import { joinStorm, leaveStorm } from './storm.ts';

const PERIOD_MS = 5_000;

/** Browsers wait exactly `retry`; networks, and clients that spread their load as they are told to, do not. */
const SHORTEST_SHARE = 0.5;
const LONGEST_SHARE = 1.5;

const manners: ReturningManners = {
  behaviour: 'reconnect-storm',
  waitMs: (retryMs, { random = Math.random }) =>
    retryMs * (SHORTEST_SHARE + (LONGEST_SHARE - SHORTEST_SHARE) * random()),
  afterOpen: (stream, request) => joinStorm(periodOf(request), stream),
  afterEnd: (stream, request) => leaveStorm(periodOf(request), stream),
};

function periodOf({ dropAfterMs = PERIOD_MS }: StreamRequest): number {
  return Math.max(1, dropAfterMs);
}

/** A router that restarts, a deploy of the load balancer: everybody is gone at one moment and back within a few. */
export const reconnectStorm: Behaviour = {
  name: 'reconnect-storm',
  describes: 'breaks off (RST) at the same moment as all others, every 5 s, and comes back with them',
  open: (request) => new ReturningStream(request, manners),
};

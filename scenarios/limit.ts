import type { BehaviourName, OpenStream, Scenario, ScenarioContext, StreamAnswer } from '../harness/model.ts';

/** 20 at once for a limit of 5. */
const BURST_FACTOR = 4;

/** A large limit needs no burst of four times its size to show that it holds. */
const MAX_EXCESS = 500;
const ANSWER_MS = 10_000;

/** How long a slot may take to come back after its client has left. */
const RELEASE_MS = 5000;
const RETRY_PAUSE_MS = 250;

interface WayOut {
  behaviour: BehaviourName;
  label: string;
  /** The client's connection is one of several streams, and goes on for another one. */
  keepsConnection?: true;
}

const WAYS_OUT: WayOut[] = [
  { behaviour: 'abrupt-drop', label: 'abrupt drop' },
  { behaviour: 'graceful-close', label: 'graceful close' },
  { behaviour: 'drop-before-first-byte', label: 'drop before the first byte' },
];

/** Over HTTP/2 the tabs of a browser share a connection, which is no sign of one of them. */
const TAB: WayOut = { behaviour: 'tab', label: 'tab closed beside another', keepsConnection: true };

export const limit: Scenario = {
  name: 'limit',
  proves:
    'of a burst on one workflow exactly the limit gets in and the rest is refused, and every way of leaving frees its slot',
  checks: ['connection-limit', 'slots-released', 'cleanup'],
  paths: [],
  unfit: (config) =>
    config.limit === null ? 'the target promises no limit: say which with --limit N' : null,
  expectedMs: () => 2000,
  async run(context) {
    const limit = context.config.limit ?? 0;
    // The tab that stays must not take a slot of those that are counted.
    const { protocol, url } = context.config;
    const waysOut = protocol.name === 'sse-h2' && url.includes('{key}') ? [...WAYS_OUT, TAB] : WAYS_OUT;
    for (const [index, { behaviour, label, keepsConnection }] of waysOut.entries()) {
      const key = context.key(1 + index);
      if (keepsConnection) {
        await context.phase('a tab that stays');
        const keeper = context.open(behaviour, context.key(1 + waysOut.length));
        await context.within(keeper.answered, ANSWER_MS);
      }
      const bursting = behaviour !== 'drop-before-first-byte';
      await context.phase(bursting ? `burst, then ${label}` : label);
      const streams = Array.from({ length: Math.min(limit * BURST_FACTOR, limit + MAX_EXCESS) }, () =>
        context.open(behaviour, key),
      );
      await answers(context, streams);
      const leave = keepsConnection === true ? endOnly : context.endAll;
      await leave(streams);
      await context.phase(`reopen after ${label}`);
      await reopen(context, key, limit, leave);
    }
    await context.endAll();
  },
};

/** Opens the whole limit again and again until it gets in; the check looks at the last attempt. */
async function reopen(
  context: ScenarioContext,
  key: string,
  limit: number,
  leave: (streams: OpenStream[]) => Promise<void>,
): Promise<void> {
  const deadline = performance.now() + RELEASE_MS;
  for (;;) {
    const streams = Array.from({ length: limit }, () => context.open('graceful-close', key));
    const answered = await answers(context, streams);
    await leave(streams);
    if (answered.every((answer) => answer === 'accepted') || performance.now() > deadline) return;
    await context.sleep(RETRY_PAUSE_MS);
  }
}

/** What else is open stays. */
async function endOnly(streams: OpenStream[]): Promise<void> {
  for (const stream of streams) stream.end();
  await Promise.all(streams.map(({ ended }) => ended));
}

async function answers(context: ScenarioContext, streams: OpenStream[]): Promise<(StreamAnswer | null)[]> {
  const all = Promise.all(streams.map(({ answered }) => answered));
  const inTime = await context.within(all, ANSWER_MS);
  return inTime ?? [null];
}

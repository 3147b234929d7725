import type { RunConfig, Scenario } from '../harness/model.ts';

const EVENT_BYTES = 300;

/** Keys that get an event in a second: each costs opening a file, and the harness has streams to look after. */
const KEYS_PER_SECOND = 400;

export const hold: Scenario = {
  name: 'hold',
  proves:
    'a number of streams, or an arrival rate, is held in stages while clients come and go: all get in, none is lost, no event is missing',
  checks: ['load-held', 'generator-health', 'cleanup'],
  paths: [],
  unfit,
  expectedMs: ({ load }) => load.stages.reduce((sum, { durationMs }) => sum + durationMs, 4000),
  async run(context) {
    let next = 1;
    await context.load(async (keyCount) => {
      if (context.config.events === null) return 0;
      const count = Math.min(keyCount, KEYS_PER_SECOND);
      const keys = Array.from({ length: count }, () => context.key(1 + (next++ % keyCount)));
      await context.feedEach(keys, EVENT_BYTES);
      return count;
    });
    await context.endAll();
  },
};

function unfit({ url, limit, load }: RunConfig): string | null {
  if (limit === null || url.includes('{key}')) return null;
  const most = Math.max(...load.stages.map(({ target }) => target));
  if (!load.asked || (load.model === 'closed' && most <= limit)) return load.asked ? null : oneKey(limit);
  return load.model === 'open' ? oneKey(limit) : `${most} streams are over the limit of ${limit}: ${keyHint}`;
}

const keyHint = 'put {key} into --url, so that they are spread over many keys';

function oneKey(limit: number): string {
  return `all streams share one limit of ${limit}: ${keyHint}`;
}

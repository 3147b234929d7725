import type { Scenario } from '../harness/model.ts';

/** Rejections in a small cycle; a large one has twice as many. */
const DOSE = 400;
const CONNECTIONS = 10;
const ANSWER_MS = 10_000;

export const reject: Scenario = {
  name: 'reject',
  proves: 'a flood of requests over the full limit gets nothing but refusals, and leaves nothing in memory',
  checks: ['rejections', 'memory-leak', 'cleanup'],
  paths: ['rejection'],
  unfit: (config) =>
    config.limit === null ? 'the target promises no limit: say which with --limit N' : null,
  expectedMs: () => 6000,
  async run(context) {
    const key = context.key(1);
    await context.phase('fill the limit');
    const streams = Array.from({ length: context.config.limit ?? 0 }, () =>
      context.open('graceful-close', key),
    );
    await context.within(Promise.all(streams.map(({ answered }) => answered)), ANSWER_MS);
    await context.measureLeak({
      path: 'rejection',
      unit: 'rejection',
      dose: DOSE,
      quiet: true,
      canBeRich: false,
      async perform({ dose }) {
        const { statuses } = await context.flood('flood', context.streamUrl(key), {
          count: dose,
          connections: CONNECTIONS,
          key,
        });
        const { refusals } = context.config.protocol;
        const landed = refusals.reduce((sum, refusal) => sum + (statuses[refusal] ?? 0), 0);
        return { landed, eventCount: 0 };
      },
    });
    await context.endAll();
  },
};

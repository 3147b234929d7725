import type { Scenario, ScenarioContext } from '../harness/model.ts';

const BYTES_PER_EVENT = 1000;
/** As many as the reference server replays, so that both files cause the same replay. */
const SMALL_EVENTS = 1000;
const LARGE_EVENTS = 1_000_000;

/** The median of an odd number of streams, one after the other. */
const STREAMS = 5;
const FIRST_EVENT_MS = 20_000;
const REPLAY_MS = 2000;

export const history: Scenario = {
  name: 'history',
  proves:
    'connecting to a workflow with a history of 1 GB takes the time and memory that it takes with a small one',
  checks: ['history-cost', 'cleanup'],
  paths: [],
  unfit: (config) =>
    config.events === null
      ? 'the harness cannot make events: say which file the target follows with --events-file'
      : null,
  expectedMs: () => 5000,
  async run(context) {
    const [small, large] = [context.key(1), context.key(2)];
    await context.feed(small, { count: SMALL_EVENTS, bytesPerEvent: BYTES_PER_EVENT });
    // The first round warms the code up, the second one counts.
    await context.phase('warm the replay');
    await replay(context, small);
    await context.phase('small history');
    await replay(context, small);
    await context.phase('write large history');
    await context.feed(large, { count: LARGE_EVENTS, bytesPerEvent: BYTES_PER_EVENT });
    await context.phase('large history');
    await replay(context, large);
    await context.phase('remove large history');
    await context.dropFeed(large);
  },
};

async function replay(context: ScenarioContext, key: string): Promise<void> {
  for (let i = 0; i < STREAMS; i++) {
    const stream = context.open('graceful-close', key);
    await context.within(stream.firstEvent, FIRST_EVENT_MS);
    await context.within(stream.receives(SMALL_EVENTS), REPLAY_MS);
    await context.endAll();
  }
}

import type { RunConfig, Scenario, ScenarioContext } from '../harness/model.ts';

/** What a target that takes `{deadline}` is started with: long enough to tell it from a broken connection. */
const SHORT_DEADLINE_MS = 1000;

/** A promised deadline up to this is waited for; a longer one is worth a `{deadline}` in the command. */
const LONGEST_WAIT_MS = 60_000;

/** How much later than promised the end may come before the scenario stops waiting for it. */
const GRACE_MS = 5000;
const STREAMS = 3;

/** A cycle of the leak measurement lasts as long as the deadline, and there are some 25 of them. */
const LONGEST_MEASURED_MS = 2000;

/** Streams in a small cycle, all at once; a large one has twice as many. */
const DOSE = 450;
const ANSWER_MS = 10_000;
const PATH = 'deadline';

export const timeout: Scenario = {
  name: 'timeout',
  proves:
    'at its deadline a stream is told so ("event: close" with a reason, or what its protocol has), and ends',
  checks: ['timeout-close', 'memory-leak', 'cleanup'],
  paths: [PATH],
  unfit(config) {
    if (config.deadlineMs === null) return 'the target promises no deadline: say which with --deadline 1h';
    if (takesDeadline(config) || config.deadlineMs <= LONGEST_WAIT_MS) return null;
    return `a deadline of ${config.deadlineMs / 1000} s is too long to wait for: put {deadline} (seconds) in --command, so that the target can be started with a short one`;
  },
  configure: (config) => (takesDeadline(config) ? { deadlineMs: SHORT_DEADLINE_MS } : {}),
  expectedMs: (config) => (config.deadlineMs ?? 0) + (unmeasured(config) === null ? 40_000 : 1000),
  async run(context) {
    const deadlineMs = context.config.deadlineMs ?? 0;
    await context.phase('deadline');
    const streams = Array.from({ length: Math.min(STREAMS, context.config.limit ?? STREAMS) }, (_, i) =>
      context.open('graceful-close', context.key(1 + i)),
    );
    const ended = Promise.all(streams.map((stream) => stream.ended));
    await context.within(ended, deadlineMs + GRACE_MS);
    await context.endAll();
    const reason = unmeasured(context.config);
    if (reason !== null) context.skipPath(PATH, reason);
    else await measure(context, deadlineMs);
  },
};

function unmeasured({ url, limit, deadlineMs }: RunConfig): string | null {
  if ((deadlineMs ?? 0) > LONGEST_MEASURED_MS) {
    return 'a cycle would last too long: put {deadline} (seconds) in --command, so that the target can be started with a short one';
  }
  if (limit !== null && !url.includes('{key}')) return `all streams share one limit of ${limit}`;
  return null;
}

/** Streams that nobody leaves: the server ends each at its deadline. */
async function measure(context: ScenarioContext, deadlineMs: number): Promise<void> {
  const perKey = Math.max(1, Math.min(context.config.limit ?? 5, 5));
  await context.measureLeak({
    path: PATH,
    unit: 'connection',
    dose: DOSE,
    quiet: true,
    canBeRich: false,
    async perform({ dose }) {
      const streams = Array.from({ length: dose }, (_, i) =>
        context.open('graceful-close', context.key(100 + Math.floor(i / perKey)), { tally: true }),
      );
      const ended = Promise.all(streams.map((stream) => stream.ended));
      const records = await context.within(ended, deadlineMs + ANSWER_MS);
      await context.endAll();
      const landed = (records ?? []).filter(
        ({ answer, ending }) => answer === 'accepted' && ending === 'server-end',
      );
      const eventCount = streams.reduce((sum, stream) => sum + stream.eventCount, 0);
      return { landed: landed.length, eventCount };
    },
  });
}

function takesDeadline({ target }: RunConfig): boolean {
  return target.mode === 'spawn' && target.command.includes('{deadline}');
}

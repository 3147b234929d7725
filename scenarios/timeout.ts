import type { RunConfig, Scenario } from '../harness/model.ts';

/** What a target that takes `{deadline}` is started with: long enough to tell it from a broken connection. */
const SHORT_DEADLINE_MS = 3000;

/** A promised deadline up to this is waited for; a longer one is worth a `{deadline}` in the command. */
const LONGEST_WAIT_MS = 60_000;

/** How much later than promised the end may come before the scenario stops waiting for it. */
const GRACE_MS = 5000;
const STREAMS = 3;

export const timeout: Scenario = {
  name: 'timeout',
  proves: 'at its deadline a stream gets "event: close" with a reason, and the response ends',
  checks: ['timeout-close', 'cleanup'],
  unfit(config) {
    if (config.deadlineMs === null) return 'the target promises no deadline: say which with --deadline 1h';
    if (takesDeadline(config) || config.deadlineMs <= LONGEST_WAIT_MS) return null;
    return `a deadline of ${config.deadlineMs / 1000} s is too long to wait for: put {deadline} (seconds) in --command, so that the target can be started with a short one`;
  },
  configure: (config) => (takesDeadline(config) ? { deadlineMs: SHORT_DEADLINE_MS } : {}),
  async run(context) {
    const deadlineMs = context.config.deadlineMs ?? 0;
    await context.phase('deadline');
    const streams = Array.from({ length: Math.min(STREAMS, context.config.limit ?? STREAMS) }, (_, i) =>
      context.open('graceful-close', context.key(1 + i)),
    );
    const ended = Promise.all(streams.map((stream) => stream.ended));
    await context.within(ended, deadlineMs + GRACE_MS);
    await context.endAll();
  },
};

function takesDeadline({ target }: RunConfig): boolean {
  return target.mode === 'spawn' && target.command.includes('{deadline}');
}

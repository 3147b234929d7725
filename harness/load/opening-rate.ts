import type { BehaviourName, LoadPlan } from '../model.ts';
import { usage } from '../option-values.ts';

/** How often a client of these comes back by itself: they drop every 5 s (generator.ts, streams/reconnect-storm.ts). */
const RETURNS_PER_SECOND: Partial<Record<BehaviourName, number>> = { reconnect: 0.2, 'reconnect-storm': 0.2 };

/** What leaves by itself at once is replaced at once, as often as the target lets it: a number of them held is no rate at all. */
const LEAVE_AT_ONCE: readonly BehaviourName[] = ['drop-before-first-byte', 'drop-mid-event'];

/** Of a load without a lifetime, what leaves all the same (streams/random-lifetime.ts). */
const OWN_LIFETIME_MS = 10_000;

/** Of the rate that is allowed, this part is for streams that come up; the rest replaces those that leave. */
const RAMP_RATIO = 0.5;

/**
 * Connections that a plan opens a second, where it opens the most: on its way up, for those who leave, and for those who come back.
 * Infinity: as many as the target lets it. A target that refuses or ends streams makes it more: they are replaced too.
 */
export function openingRateOf(plan: LoadPlan): number {
  const { model, stages, meanLifetimeMs } = plan;
  const most = Math.max(0, ...stages.map(({ target }) => target));
  if (model === 'open') return most * (1 + returnsOf(plan) * ((meanLifetimeMs ?? 0) / 1000));
  let before = 0;
  let steepest = 0;
  for (const { durationMs, target } of stages) {
    // A step is as many as that at once.
    steepest = Math.max(steepest, (target - before) / Math.max(1, durationMs / 1000));
    before = target;
  }
  return steepest + mostReplaced(plan, most);
}

function mostReplaced(plan: LoadPlan, streamCount: number): number {
  if (leaversOf(plan).length > 0) return Number.POSITIVE_INFINITY;
  const leaving =
    plan.meanLifetimeMs === null
      ? shareOfMix(plan, 'random-lifetime') * (1000 / OWN_LIFETIME_MS)
      : 1000 / plan.meanLifetimeMs;
  return streamCount * (leaving + returnsOf(plan));
}

function leaversOf({ mix }: LoadPlan): BehaviourName[] {
  return LEAVE_AT_ONCE.filter((name) => mix[name] !== undefined);
}

function shareOfMix({ mix }: LoadPlan, name: BehaviourName): number {
  const total = Object.values(mix).reduce((sum, weight) => sum + weight, 0);
  return (mix[name] ?? 0) / total;
}

/** How often the average client of a mix comes back, a second. */
function returnsOf(plan: LoadPlan): number {
  const entries = Object.entries(RETURNS_PER_SECOND) as [BehaviourName, number][];
  return entries.reduce((sum, [name, perSecond]) => sum + perSecond * shareOfMix(plan, name), 0);
}

/**
 * The plan as it may be run at `mostPerSecond`. One that comes up by itself (`isOwnRamp`) comes up more slowly; one that nobody
 * asked for is made smaller; any other that opens more is refused.
 *
 * @throws HydrotestError `usage`.
 */
export function withinRate(plan: LoadPlan, mostPerSecond: number, isOwnRamp: boolean): LoadPlan {
  const leavers = leaversOf(plan);
  if (plan.model === 'closed' && leavers.length > 0)
    throw usage(
      `--mix ${leavers.join(' and ')}: they leave at once and are replaced at once, so that a number of them opens any number of connections a second, which is not done to an address that is not loopback. Leave them out of the mix, or let them arrive at a --rate.`,
    );
  if (!isOwnRamp) {
    if (openingRateOf(plan) <= mostPerSecond) return plan;
    throw tooFast(openingRateOf(plan), mostPerSecond);
  }
  const target = Math.max(...plan.stages.map((stage) => stage.target));
  const forReplacing = mostPerSecond * (1 - RAMP_RATIO);
  const fitting = Math.floor(Math.min(target, (target * forReplacing) / mostReplaced(plan, target)));
  if (plan.asked && fitting < target) throw tooFast(mostReplaced(plan, target), forReplacing);
  const held = plan.stages.at(-1)?.durationMs ?? 0;
  const rampMs = Math.ceil(fitting / (mostPerSecond * RAMP_RATIO)) * 1000;
  return {
    ...plan,
    stages: [
      { durationMs: rampMs, target: fitting },
      { durationMs: held, target: fitting },
    ],
  };
}

function tooFast(perSecond: number, mostPerSecond: number): Error {
  return usage(
    `this load opens ${Math.ceil(perSecond)} connections a second, and to an address that is not loopback at most ${mostPerSecond} a second may be opened for it: ask for fewer --streams or a smaller --rate, for longer stages or a longer --lifetime, or run hydrotest on the server's own machine, over loopback.`,
  );
}

import { highestTarget } from './load/schedule.ts';
import type { BehaviourName, LoadPlan, LoadStage, ProtocolName } from './model.ts';
import { durationMs, listOf, perSecond, usage, wholeNumber } from './option-values.ts';
import { behaviours } from './streams/behaviours.ts';
import { protocols } from './streams/protocols.ts';

/** What a user may say of the load. */
export interface LoadOptions {
  /** Streams that `hold` holds. */
  streams?: number | string;
  /** Instead of a number held: streams that come a second (`200/s`), whatever becomes of those before them. */
  rate?: number | string;
  /** Load in stages, `duration:target` (`30s:5000,1m:5000,0s:8000`); targets like `200/s` are arrival rates. */
  stages?: string[] | string;
  /** What the clients of `hold` are, with weights (`graceful-close:7,abrupt-drop:2`). */
  mix?: Record<string, number> | string;
  /** Mean time after which a client of `hold` leaves by itself and is replaced (`10s`), or `none`. */
  lifetime?: number | string;
  /** Processes that make the load of `hold`. */
  workers?: number | string;
}

export const LOAD_DEFAULTS = {
  streams: 1000,
  lifetime: '10s',
  mix: 'graceful-close:7,abrupt-drop:2,slow-reader:1',
} as const;

const MOST_STREAMS = 10_000_000;
const MOST_WORKERS = 256;

/** Without stages of its own, a load comes up at this many streams a second, or over this time for a rate. */
const RAMP_PER_SECOND = 2000;
const RATE_RAMP_MS = 1000;

/** Where nobody asked for a load or a time: enough to see that it holds, in a run that has much else to do. */
const DEFAULT_HOLD_MS = 5000;
const ASKED_HOLD_MS = 10_000;

/**
 * `holdMs`: how long it is held where no stages say so; null: nobody said. What `--streams`, `--rate`, `--stages`, `--mix`, `--lifetime` and `--workers` say.
 * @throws HydrotestError `usage`.
 */
export function loadPlanOf(
  said: LoadOptions,
  holdMs: number | null,
  protocol: ProtocolName = 'sse',
): LoadPlan {
  const ways = (['streams', 'rate', 'stages'] as const).filter((name) => said[name] !== undefined);
  if (ways.length > 1)
    throw usage(`--${ways.join(' and --')} exclude each other: each says how many streams there are to be.`);
  const { model, stages } = stagesOf(said, holdMs);
  const meanLifetimeMs =
    said.lifetime === 'none' ? null : durationMs('--lifetime', said.lifetime ?? LOAD_DEFAULTS.lifetime);
  if (model === 'open' && meanLifetimeMs === null)
    throw usage(
      '--lifetime none: clients that arrive at a rate and never leave are more and more. Give a time.',
    );
  return {
    model,
    stages,
    mix: mixOf(said.mix ?? LOAD_DEFAULTS.mix, protocol),
    meanLifetimeMs,
    workerCount: said.workers === undefined ? null : wholeNumber('--workers', said.workers, 1, MOST_WORKERS),
    asked: ways.length > 0,
  };
}

/** The most streams that a plan has open at a time. For arrivals what is to be expected, with room for chance. */
export function mostStreams({ model, stages, meanLifetimeMs }: LoadPlan): number {
  const most = highestTarget(stages);
  if (model === 'closed') return most;
  const expected = (most * (meanLifetimeMs ?? 0)) / 1000;
  // Arrivals that leave by chance: a Poisson number, whose deviation is the root of its mean.
  return Math.ceil(expected + 6 * Math.sqrt(expected) + 10);
}

function stagesOf(said: LoadOptions, holdMs: number | null): Pick<LoadPlan, 'model' | 'stages'> {
  if (said.rate !== undefined) {
    const target = perSecond('--rate', said.rate);
    return { model: 'open', stages: [stage(RATE_RAMP_MS, target), stage(holdMs ?? ASKED_HOLD_MS, target)] };
  }
  if (said.stages !== undefined) return parseStages(listOf(said.stages));
  const isDefault = said.streams === undefined && holdMs === null;
  const target = wholeNumber('--streams', said.streams ?? LOAD_DEFAULTS.streams, 1, MOST_STREAMS);
  const rampMs = Math.ceil(target / RAMP_PER_SECOND) * 1000;
  const stages = [
    stage(rampMs, target),
    stage(holdMs ?? (isDefault ? DEFAULT_HOLD_MS : ASKED_HOLD_MS), target),
  ];
  return { model: 'closed', stages };
}

function stage(durationMs: number, target: number): LoadStage {
  return { durationMs, target };
}

function parseStages(texts: string[]): Pick<LoadPlan, 'model' | 'stages'> {
  const list = texts.join(',');
  if (texts.length === 0) throw usage('--stages is empty: write for example --stages 30s:5000,1m:5000.');
  const parsed = texts.map((text) => {
    const [duration = '', target = '', ...more] = text.split(':');
    if (more.length > 0 || target === '')
      throw usage(`--stages "${text}" is not a stage: write duration:target, such as 30s:5000 or 30s:200/s.`);
    const ms = /^0+(ms|s|m|min|h)?$/.test(duration.trim()) ? 0 : durationMs('--stages', duration);
    const isRate = target.includes('/');
    const isZero = /^0(\/.*)?$/.test(target.trim());
    const most = isZero
      ? 0
      : isRate
        ? perSecond('--stages', target)
        : wholeNumber('--stages', target, 0, MOST_STREAMS);
    return { isRate, isZero, stage: stage(ms, most) };
  });
  const rates = parsed.filter(({ isRate, isZero }) => isRate && !isZero).length;
  const numbers = parsed.filter(({ isRate, isZero }) => !isRate && !isZero).length;
  if (rates > 0 && numbers > 0)
    throw usage(`--stages "${list}" mixes numbers held and rates: give either 5000 or 200/s in all of them.`);
  if (rates + numbers === 0) throw usage(`--stages "${list}" holds no stream at all.`);
  const stages = parsed.map(({ stage }) => stage);
  if (stages.every(({ durationMs }) => durationMs === 0))
    throw usage(`--stages "${list}" takes no time at all.`);
  return { model: rates > 0 ? 'open' : 'closed', stages };
}

function mixOf(given: Record<string, number> | string, protocol: ProtocolName): LoadPlan['mix'] {
  const entries =
    typeof given === 'string'
      ? listOf(given).map((text): [string, number] => {
          const [name = '', weight = '1', ...more] = text.split(':');
          if (more.length > 0)
            throw usage(`--mix "${text}" is not a behaviour with a weight: write it as ${name}:3.`);
          return [name.trim(), Number(weight)];
        })
      : Object.entries(given);
  const mix: LoadPlan['mix'] = {};
  for (const [name, weight] of entries) {
    if (!Object.hasOwn(behaviours, name))
      throw usage(
        `--mix ${name}: there is no such behaviour. There are ${Object.keys(behaviours).join(', ')}.`,
      );
    const { lacks } = protocols[protocol];
    if (lacks.has(name as BehaviourName)) {
      const fitting = (Object.keys(behaviours) as BehaviourName[]).filter((one) => !lacks.has(one));
      throw usage(
        `--mix ${name}: no client of --protocol ${protocol} behaves so. There are ${fitting.join(', ')}.`,
      );
    }
    if (!(weight > 0 && Number.isFinite(weight)))
      throw usage(`--mix ${name}:${weight}: a weight is a number above 0, such as ${name}:3.`);
    if (Object.hasOwn(mix, name)) throw usage(`--mix names ${name} twice: give it one weight.`);
    mix[name as BehaviourName] = weight;
  }
  if (entries.length === 0)
    throw usage('--mix is empty: write for example --mix graceful-close:7,abrupt-drop:3.');
  return mix;
}

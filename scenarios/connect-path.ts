import type { BehaviourName, LeakMeasurement, ScenarioContext } from '../harness/model.ts';

/**
 * Connections at a time, each on its own key, so that a slot that is released late is not met by the next stream. A large
 * dose comes in a crowd: some servers leak only above a certain number at once.
 */
const WORKERS = 20;
const CROWD = 100;

const ANSWER_MS = 10_000;

/** A server that has stopped answering would cost a time-out for each connection of the cycle. */
const MAX_FAILURES = 20;

/** Drops before the first byte come at once or while the handler is at work. */
const LATEST_DROP_MS = 12;

export interface PathPlan {
  context: ScenarioContext;
  /** Connections in a small cycle. */
  dose: number;
  keyOf(worker: number, rich: boolean): string;
  /** Events to wait for on each connection, and on a rich one; null: the server does not send that many at once. */
  usualEvents: number;
  richEvents: number | null;
}

export interface PathSpec extends PathPlan {
  path: string;
  behaviour: BehaviourName;
  /** The event that it resumes behind. */
  lastEventId?: string;
  /** How long a connection stays after its events have come. */
  holdMs?: number;
}

/** A lifecycle path as work that can be measured: connections that come, receive and leave, several at a time. */
export function connectPath(spec: PathSpec): LeakMeasurement {
  const { context, path, richEvents, usualEvents } = spec;
  // On one key, a slot that is given back a moment late must not meet the limit.
  const { url, limit } = context.config;
  const most = url.includes('{key}') || limit === null ? CROWD : Math.max(1, Math.min(CROWD, limit >> 1));
  return {
    path,
    unit: 'connection',
    dose: spec.dose,
    quiet: true,
    canBeRich: richEvents !== null && richEvents > usualEvents,
    async perform({ dose, rich }) {
      let [started, landed, failed, eventCount] = [0, 0, 0, 0];
      const wanted = rich ? (richEvents ?? usualEvents) : usualEvents;
      const work = async (worker: number) => {
        while (started < dose && failed <= MAX_FAILURES) {
          started++;
          const result = await connect(spec, spec.keyOf(worker, rich), wanted);
          eventCount += result.eventCount;
          if (result.landed) landed++;
          else failed++;
        }
      };
      // Connections that are held would make the cycle wait for them, a few at a time.
      const crowded = (spec.holdMs ?? 0) > 0 || (dose > spec.dose && !rich);
      const workers = Math.min(crowded ? CROWD : WORKERS, most, dose);
      await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
      return { landed, eventCount };
    },
  };
}

async function connect(
  { context, behaviour, lastEventId, holdMs = 0 }: PathSpec,
  key: string,
  wanted: number,
): Promise<{ landed: boolean; eventCount: number }> {
  const early = behaviour === 'drop-before-first-byte';
  const dropAfterMs = early && context.random() < 0.5 ? Math.floor(context.random() * LATEST_DROP_MS) : 0;
  const stream = context.open(behaviour, key, {
    tally: true,
    ...(lastEventId !== undefined && { lastEventId }),
    ...(early && { dropAfterMs }),
  });
  if (early) {
    const record = await context.within(stream.ended, ANSWER_MS);
    stream.end();
    return { landed: record?.ending === 'client', eventCount: stream.eventCount };
  }
  const answer = await context.within(stream.answered, ANSWER_MS);
  let complete = answer === 'accepted';
  if (complete && stream.eventCount < wanted) {
    complete = (await context.within(stream.receives(wanted), ANSWER_MS)) === true;
  }
  if (complete && holdMs > 0) await context.sleep(holdMs);
  stream.end();
  const { ending, eventCount } = await stream.ended;
  // A drop has to hit a stream that is still going on; a server that ends it first has not been left.
  const hit = ending === 'client' || (behaviour === 'graceful-close' && ending === 'server-end');
  return { landed: complete && hit, eventCount };
}

import type { LeakMeasurement, Scenario, ScenarioContext } from '../harness/model.ts';
import { connectPath, type PathPlan } from './connect-path.ts';

/** Small cycle; a large one has twice as many. A path of 18 cycles and its warm-up is some 8,000 connections. */
const DOSE = 250;

/** Seconds in a small cycle without clients; a large one has twice as many. */
const IDLE_DOSE = 0.4;

/** Events in the file of a key, and in that of a rich one: four times as many tell bytes an event from bytes a connection. */
const EVENTS = 5;
const RICH_EVENTS = 20;

/** What a slow reader leaves unread must be more than it takes at a time (64 KiB). */
const SLOW_EVENTS = 80;
const SLOW_EVENT_BYTES = 1000;

/** A server that takes longer for its first event would make the cycles wait for its clock: then the head must do. */
const QUICK_EVENT_MS = 250;
const ANSWER_MS = 10_000;

/** Twice the threshold of a connection on a heap: small, and above it. */
const PLANTED_PER_CONNECTION_BYTES = 128;

/** Where the keys of each kind begin; a worker has one of each for itself. */
const FIRST_KEY = { usual: 1, rich: 201, slow: 401 };

/** What a path takes whose first look decides, and the warm-up of the target and the clean-up around them all. */
const PATH_MS = 9000;
const AROUND_MS = 5000;

const CHURN_PATHS = [
  'graceful close',
  'abrupt drop',
  'drop before the first byte',
  'slow reader',
  'reconnect',
  'new key each time',
  'positive control',
  'idle',
] as const;

export const churn: Scenario = {
  name: 'churn',
  proves:
    'tens of thousands of connections that end in every way in which clients end them, and time alone, leave nothing in memory',
  checks: ['memory-leak', 'controls', 'cleanup'],
  paths: CHURN_PATHS,
  unfit: () => null,
  expectedMs: ({ paths }) =>
    AROUND_MS + PATH_MS * CHURN_PATHS.filter((path) => paths.length === 0 || paths.includes(path)).length,
  async run(context) {
    await context.phase('prepare');
    await feedKeys(context);
    const { quick, richEvents, lastEventId } = await tryOut(context);
    const usualEvents = feeds(context) && quick ? EVENTS : Number(quick);
    const plan: PathPlan = { context, dose: DOSE, keyOf: usualKey(context), usualEvents, richEvents };
    const measure = (measurement: LeakMeasurement) => context.measureLeak(measurement);

    await measure(connectPath({ ...plan, path: 'graceful close', behaviour: 'graceful-close' }));
    await measure(connectPath({ ...plan, path: 'abrupt drop', behaviour: 'abrupt-drop' }));
    await measure(
      connectPath({
        ...plan,
        path: 'drop before the first byte',
        behaviour: 'drop-before-first-byte',
        usualEvents: 0,
        richEvents: null,
      }),
    );
    await measure(
      connectPath({
        ...plan,
        path: 'slow reader',
        behaviour: 'slow-reader',
        keyOf: (worker) => context.key(FIRST_KEY.slow + worker),
        usualEvents: Math.min(1, usualEvents),
        richEvents: null,
        holdMs: 40,
      }),
    );
    if (!context.canResume)
      context.skipPath(
        'reconnect',
        'the protocol has no way to say from where to resume: put {lastEventId} into --url if the server has one',
      );
    else if (lastEventId === '')
      context.skipPath('reconnect', 'the events of this server have no id to resume from');
    else {
      await measure(
        connectPath({
          ...plan,
          path: 'reconnect',
          behaviour: 'abrupt-drop',
          lastEventId,
          usualEvents: 0,
          richEvents: null,
        }),
      );
    }
    if (context.config.url.includes('{key}')) {
      await measure(
        connectPath({
          ...plan,
          path: 'new key each time',
          behaviour: 'abrupt-drop',
          keyOf: () => context.freshKey(),
          usualEvents: 0,
          richEvents: null,
        }),
      );
    } else context.skipPath('new key each time', 'the URL has no {key}');
    if (context.canPlant) {
      const usual = connectPath({ ...plan, path: 'positive control', behaviour: 'abrupt-drop' });
      await measure({ ...usual, plantPerUnitBytes: PLANTED_PER_CONNECTION_BYTES });
    }
    await measure({
      path: 'idle',
      unit: 'second',
      dose: IDLE_DOSE,
      quiet: true,
      canBeRich: false,
      async perform({ dose }) {
        await context.sleep(dose * 1000);
        return { landed: dose, eventCount: 0 };
      },
    });
  },
};

function feeds({ config }: ScenarioContext): boolean {
  return config.events !== null;
}

function usualKey(context: ScenarioContext): PathPlan['keyOf'] {
  return (worker, rich) => context.key((rich && feeds(context) ? FIRST_KEY.rich : FIRST_KEY.usual) + worker);
}

async function feedKeys(context: ScenarioContext): Promise<void> {
  if (!feeds(context)) return;
  const feed = async (first: number, keys: number, count: number, bytesPerEvent: number) => {
    for (let n = 0; n < keys; n++) await context.feed(context.key(first + n), { count, bytesPerEvent });
  };
  await feed(FIRST_KEY.usual, 100, EVENTS, 200);
  await feed(FIRST_KEY.rich, 20, RICH_EVENTS, 200);
  if (context.wants('slow reader')) await feed(FIRST_KEY.slow, 100, SLOW_EVENTS, SLOW_EVENT_BYTES);
}

/** What one stream shows of the server's events: whether they come at once, how many, and with which id. */
async function tryOut(
  context: ScenarioContext,
): Promise<{ quick: boolean; richEvents: number | null; lastEventId: string }> {
  const key = context.key(feeds(context) ? FIRST_KEY.rich : FIRST_KEY.usual);
  const stream = context.open('graceful-close', key, { tally: true });
  await context.within(stream.answered, ANSWER_MS);
  const quick = (await context.within(stream.firstEvent, QUICK_EVENT_MS)) === true;
  const wanted = feeds(context) ? RICH_EVENTS : RICH_EVENTS / EVENTS;
  const enough = (await context.within(stream.receives(wanted), QUICK_EVENT_MS)) === true;
  const { lastEventId } = stream;
  await context.endAll();
  return { quick, richEvents: enough ? wanted : null, lastEventId };
}

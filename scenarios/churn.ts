import type { BehaviourName, LeakMeasurement, Scenario, ScenarioContext } from '../harness/model.ts';

/** Connections at a time, each on its own key, so that a slot that is released late is not met by the next stream. */
const WORKERS = 20;

/** Small cycle; a large one has twice as many. Four paths of 18 cycles and more are well over 20,000 connections. */
const DOSE = 250;
const EVENTS_PER_KEY = 5;

/** A server that takes longer for its first event would make the cycles wait for its clock: then the head must do. */
const QUICK_EVENT_MS = 250;
const ANSWER_MS = 10_000;

/** A server that has stopped answering would cost a time-out for each connection of the cycle. */
const MAX_FAILURES = 20;

/** Drops before the first byte come at once or while the handler is at work. */
const LATEST_DROP_MS = 12;

export const churn: Scenario = {
  name: 'churn',
  proves:
    'tens of thousands of connections, closed gracefully, dropped, dropped early or each on a new key, leave nothing in memory',
  checks: ['memory-leak', 'cleanup'],
  unfit: () => null,
  async run(context) {
    await context.phase('prepare');
    if (context.config.eventsFile !== null) {
      for (let n = 1; n <= WORKERS; n++)
        await context.feed(context.key(n), { count: EVENTS_PER_KEY, bytesPerEvent: 200 });
    }
    const waitForEvent = await hasQuickEvent(context);
    const shared = (worker: number) => context.key(1 + worker);
    const paths: LeakMeasurement[] = [
      path(context, 'graceful close', 'graceful-close', shared, waitForEvent),
      path(context, 'abrupt drop', 'abrupt-drop', shared, waitForEvent),
      path(context, 'drop before the first byte', 'drop-before-first-byte', shared, false),
    ];
    if (context.config.url.includes('{key}')) {
      paths.push(path(context, 'new key each time', 'abrupt-drop', () => context.freshKey(), false));
    }
    for (const measurement of paths) await context.measureLeak(measurement);
  },
};

function path(
  context: ScenarioContext,
  name: string,
  behaviour: BehaviourName,
  keyOf: (worker: number) => string,
  waitForEvent: boolean,
): LeakMeasurement {
  const early = behaviour === 'drop-before-first-byte';
  const connect = async (worker: number): Promise<boolean> => {
    const dropAfterMs = early && context.random() < 0.5 ? Math.floor(context.random() * LATEST_DROP_MS) : 0;
    const stream = context.open(behaviour, keyOf(worker), { tally: true, ...(early ? { dropAfterMs } : {}) });
    if (early) {
      const record = await context.within(stream.ended, ANSWER_MS);
      stream.end();
      return record?.ending === 'client';
    }
    const status = await context.within(stream.answered, ANSWER_MS);
    const inTime = !waitForEvent || (await context.within(stream.firstEvent, ANSWER_MS)) === true;
    stream.end();
    await stream.ended;
    return status === 200 && inTime;
  };
  // On one key, a slot that is given back a moment late must not meet the limit.
  const { url, limit } = context.config;
  const workers =
    url.includes('{key}') || limit === null ? WORKERS : Math.max(1, Math.min(WORKERS, limit >> 1));
  return {
    path: name,
    unit: 'connection',
    dose: DOSE,
    async perform(dose) {
      let [started, landed, failed] = [0, 0, 0];
      const work = async (worker: number) => {
        while (started < dose && failed <= MAX_FAILURES) {
          started++;
          if (await connect(worker)) landed++;
          else failed++;
        }
      };
      await Promise.all(Array.from({ length: Math.min(workers, dose) }, (_, worker) => work(worker)));
      return landed;
    },
  };
}

async function hasQuickEvent(context: ScenarioContext): Promise<boolean> {
  const stream = context.open('graceful-close', context.key(1), { tally: true });
  await context.within(stream.answered, ANSWER_MS);
  const quick = (await context.within(stream.firstEvent, QUICK_EVENT_MS)) === true;
  await context.endAll();
  return quick;
}

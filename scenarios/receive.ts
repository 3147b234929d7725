import type { OpenStream, ScenarioContext } from '../harness/model.ts';

const READERS = 10;
const ANSWER_MS = 10_000;
const TRIAL_MS = 1500;

/** To each stream. Below this three looks hold some 2,000 events: too few to tell 16 B each from the noise of a heap. */
const MIN_EVENTS_PER_SECOND = 50;
const SECONDS_PER_CYCLE = 0.4;
const ARRIVAL_MS = 20_000;

export const EVENT_PATH = 'event to held streams';

/**
 * For a server that makes its own events: streams that nobody leaves, and what each event to them leaves behind. An event counts
 * once, however many streams get it.
 */
export async function receive(context: ScenarioContext): Promise<void> {
  if (!context.wants(EVENT_PATH)) return;
  if (context.config.protocol.finite) {
    context.skipPath(EVENT_PATH, 'streams come to their end by themselves: none is there to be held');
    return;
  }
  await context.phase('open');
  const { limit, url } = context.config;
  const perKey = limit ?? READERS;
  const keys = url.includes('{key}') ? Math.ceil(READERS / perKey) : 1;
  const count = Math.min(READERS, keys * perKey);
  const readers: OpenStream[] = Array.from({ length: count }, (_, i) =>
    context.open('graceful-close', context.key(1 + Math.floor(i / perKey))),
  );
  // Someone whose laptop lid is closed: it must cost the server a bounded queue.
  const hasRoom = limit === null || url.includes('{key}');
  if (hasRoom) context.open('stalled-reader', context.key(1 + keys));
  await context.within(Promise.all(readers.map(({ answered }) => answered)), ANSWER_MS);

  const received = () => readers.reduce((sum, stream) => sum + stream.eventCount, 0) / count;
  const before = received();
  await context.sleep(TRIAL_MS);
  const perSecond = ((received() - before) / TRIAL_MS) * 1000;
  if (perSecond < MIN_EVENTS_PER_SECOND) {
    context.skipPath(
      EVENT_PATH,
      `the server sent ${Math.round(perSecond)} events a second to each stream, and ${MIN_EVENTS_PER_SECOND} are needed: let hydrotest make them with --events-file`,
    );
    await context.endAll();
    return;
  }
  let counted = received();
  await context.measureLeak({
    path: EVENT_PATH,
    unit: 'event',
    dose: Math.ceil(perSecond * SECONDS_PER_CYCLE),
    quiet: false,
    canBeRich: false,
    async perform({ dose }) {
      const from = received();
      await context.until(() => received() - from >= dose, ARRIVAL_MS);
      const eventCount = received() - counted;
      counted = received();
      return { landed: received() - from, eventCount };
    },
  });
  await context.endAll();
}

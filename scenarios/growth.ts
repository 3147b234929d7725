import type { OpenStream, Scenario, ScenarioContext } from '../harness/model.ts';
import { EVENT_PATH, receive } from './receive.ts';

const GROWTH_BYTES = 200e6;
const BYTES_PER_EVENT = 1000;

/** 24 cycles of one and a half of this on average are the whole growth. */
const DOSE = 5500;
const READERS = 4;
const ARRIVAL_MS = 30_000;
const ANSWER_MS = 10_000;
const PAGE_REQUESTS = 5;

export const growth: Scenario = {
  name: 'growth',
  proves:
    'while events flow to held streams, 200 MB of them where hydrotest can make them, each arrives once and memory stays flat',
  checks: ['event-integrity', 'memory-leak', 'responsiveness', 'cleanup'],
  paths: [EVENT_PATH],
  unfit: () => null,
  // What a server sends by itself comes at its own pace.
  expectedMs: ({ events }) => (events === null ? null : 6000),
  run: (context) => (context.config.events === null ? receive(context) : growFile(context)),
};

async function growFile(context: ScenarioContext): Promise<void> {
  const { config } = context;
  const key = context.key(1);
  await context.phase('open');
  const limit = config.limit ?? READERS + 1;
  const readers = Array.from({ length: Math.max(1, Math.min(READERS, limit - 1)) }, () =>
    context.open('graceful-close', key),
  );
  // Someone whose laptop lid is closed: it must cost the others nothing and the server a bounded queue.
  const stalled: OpenStream[] = limit > readers.length ? [context.open('stalled-reader', key)] : [];
  await context.within(Promise.all([...readers, ...stalled].map(({ answered }) => answered)), ANSWER_MS);

  let fed = 0;
  let lost = 0;
  let askPage = true;
  const received = () => Math.min(...readers.map(({ eventCount }) => eventCount));
  const grow = async (count: number): Promise<number> => {
    const before = received();
    fed += count;
    const page = askPage ? context.pageUrl(key) : null;
    const load = { count: PAGE_REQUESTS, connections: 1 };
    const [answers] = await Promise.all([
      page === null ? null : context.flood('page', page, load),
      context.feed(key, { count, bytesPerEvent: BYTES_PER_EVENT }),
    ]);
    // A page that hangs has failed its check already; asking on would cost its time-out in every cycle.
    if (answers !== null && answers.timeoutCount > 0) askPage = false;
    await context.until(() => received() + lost >= fed, ARRIVAL_MS);
    // What has not come in this time is not waited for again.
    lost = Math.max(0, fed - received());
    return Math.max(0, Math.min(received() - before, count));
  };

  await context.measureLeak({
    path: EVENT_PATH,
    unit: 'event',
    dose: DOSE,
    quiet: true,
    canBeRich: false,
    async perform({ dose }) {
      const arrived = await grow(dose);
      return { landed: arrived, eventCount: arrived };
    },
  });
  const missing = Math.ceil(GROWTH_BYTES / BYTES_PER_EVENT) - fed;
  await context.phase('finish');
  if (missing > 0) await grow(missing);
  await context.endAll();
  await context.dropFeed(key);
}

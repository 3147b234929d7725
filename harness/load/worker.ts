/**
 * A worker process: opens its share of a load and tells how it goes. It ends when its work is done, when it is told to, and when
 * the process that started it is gone.
 */
import { eventTimeReader } from '../event-times.ts';
import { createRandom } from '../random.ts';
import { createStreamPool } from '../stream-pool.ts';
import { takeSeat } from '../streams/pace.ts';
import { openRoutes } from '../streams/reach.ts';
import { returnVanished } from '../streams/vanish.ts';
import { fill, fillKey } from '../template.ts';
import { type Generator, startGenerator } from './generator.ts';
import { watchHealth } from './health.ts';
import type { FromWorker, ToWorker, WorkerOrder } from './messages.ts';
import { SourcePlaces } from './source-addresses.ts';

const COUNTS_INTERVAL_MS = 500;

function send(message: FromWorker): void {
  process.send?.(message);
}

function work(order: WorkerOrder): { setPhase(phase: string): void; stop(): Promise<void> } {
  const { share, plan } = order;
  if (order.remote !== null) {
    openRoutes(order.remote.addresses);
    takeSeat(share);
  }
  const health = watchHealth();
  const random = createRandom(order.randomSeed);
  let phase = order.phase;
  const began = performance.now() + (order.beginsAtMs - Date.now());
  const nowMs = () => performance.now() - began;
  const pool = createStreamPool({
    scenario: order.scenario,
    protocol: order.protocol,
    headers: order.headers,
    eventTime: eventTimeReader(order.eventTime),
    // The main process knows when the run began, and puts its own time in.
    elapsedMs: nowMs,
    write: (entry) => send({ type: 'entry', entry }),
  });
  const { addressCount, firstAddress } = order;
  const places = addressCount > 0 ? new SourcePlaces(share.index, addressCount, firstAddress) : null;
  const generator: Generator = startGenerator({
    plan,
    share,
    pool,
    random,
    nowMs,
    phase: () => phase,
    roomCount: order.roomCount,
    placeOf(slot) {
      const keyNumber = order.firstKeyNumber + Math.floor(slot / order.slotsPerKey);
      const key = fillKey(order.keyTemplate, order.keySeed, keyNumber);
      const url = fill(order.url, { key: encodeURIComponent(key) });
      return { key, url, source: places?.take() ?? null };
    },
    onLeft: ({ source }) => void (source !== null && places?.giveBack(source)),
  });
  const tell = () =>
    send({
      type: 'counts',
      health: health.read(),
      counts: {
        plannedCount: generator.plannedCount,
        startedCount: generator.startedCount,
        missedCount: generator.missedCount,
        openCount: pool.openCount,
        heldCount: pool.heldCount,
        eventCount: pool.eventCount,
        slotCount: generator.slotCount,
      },
    });
  const timer = setInterval(tell, COUNTS_INTERVAL_MS);
  return {
    setPhase(next) {
      pool.flush(phase);
      phase = next;
    },
    async stop() {
      generator.stop();
      await pool.endAll();
      await returnVanished();
      clearInterval(timer);
      pool.flush(phase);
      tell();
      health.close();
    },
  };
}

let worker: ReturnType<typeof work> | null = null;
process.on('message', (message: ToWorker) => {
  if (message.type === 'order') worker = work(message.order);
  else if (message.type === 'phase') worker?.setPhase(message.phase);
  else void (worker?.stop() ?? Promise.resolve()).then(sayGoodbye);
});

/** What is still on its way when the channel is closed is lost, `done` and all that came before it. */
function sayGoodbye(): void {
  const goodbye: FromWorker = { type: 'done' };
  process.send?.(goodbye, () => process.disconnect());
}

// A terminal's Ctrl-C, and a `timeout` of GNU, reach the whole group: the main process says what is to be done.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});
process.on('disconnect', () => process.exit());
send({ type: 'ready' });

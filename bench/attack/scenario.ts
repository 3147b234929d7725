import type { OpenStream, Scenario, ScenarioContext } from '../../harness/model.ts';
import type { Attack } from './attacks.ts';
import { count, type Tally, total } from './outcome.ts';
import { readOverflows } from './overflows.ts';
import { startAttackers } from './start-attackers.ts';

/** Good clients: as many workflows, each with as many streams as its limit allows but one. */
const KEYS = 3;
const STREAMS_PER_KEY = 4;
const EVENT_EVERY_MS = 100;
const NEW_CLIENT_EVERY_MS = 250;
const EVENT_BYTES = 300;
const ANSWER_MS = 10_000;
const ARRIVAL_MS = 10_000;
/** Where no leak is measured: long enough for a reading of what is left. */
const SETTLE_MS = 3000;
/** A cycle of the measurement that takes longer than this has not landed. */
const CYCLE_MS = 30_000;

/** What one attack at full speed came to. */
export interface AttackRecord {
  attack: string;
  seconds: number;
  tally: Tally;
  /** CPU of all attacking processes. */
  attackerCpuMs: number;
  /** Segments of connects that the kernel dropped meanwhile (see overflows.ts). */
  overflowCount: number | null;
  /** Good clients that came in the middle of it: the status that each got, or `none`. */
  newClients: Tally;
  /** Until the slowest of them was answered; null: none was. */
  slowestAdmissionMs: number | null;
  heldStreams: number;
  /** Of these, streams that had ended when it was over. */
  brokenStreams: number;
  fedEvents: number;
  /** Events that had not come on some stream, summed over all streams. */
  lostEvents: number;
}

export interface AttackOptions {
  attacks: readonly Attack[];
  /** How long each attack goes on at full speed. */
  forMs: number;
  /** False: no leak is measured. */
  measures: boolean;
  /** The folder of the workflows. */
  dir: string;
  onRecord(record: AttackRecord): void;
}

/** The names of the phases of an attack, by which the journal tells what was read and timed in it. */
export const phasesOf = (attack: string) => ({ during: `under ${attack}`, after: `after ${attack}` });

/**
 * Good clients hold streams and get events at a fixed pace; each attack comes upon them first at full speed, then in cycles of
 * a fixed dose, on which the leak verdict stands. Each attack is a lifecycle path, and each hostile connection a unit of work.
 */
export function attackScenario(options: AttackOptions): Scenario {
  return {
    name: 'attack',
    proves:
      'while it is attacked the server serves its clients, and afterwards nothing of the attack is left in it',
    checks: [
      'streams-held',
      'event-integrity',
      ...(options.measures ? (['memory-leak'] as const) : []),
      'cleanup',
    ],
    paths: options.measures ? options.attacks.map(({ name }) => name) : [],
    unfit: (config) => (config.events === null ? 'the good clients need events: give --events-file' : null),
    async run(context) {
      const most = Math.max(1, ...options.attacks.map(({ processes = 1 }) => processes));
      const attacker = startAttackers(most, context.signal);
      try {
        await runAttacks(context, options, attacker.attack);
      } finally {
        await attacker.stop();
      }
    },
  };
}

async function runAttacks(
  context: ScenarioContext,
  { attacks, forMs, measures, dir, onRecord }: AttackOptions,
  attack: ReturnType<typeof startAttackers>['attack'],
): Promise<void> {
  const good = await holdGoodStreams(context);
  const port = Number(new URL(context.streamUrl('key')).port);
  const key = context.key(1);
  for (const { name, processes = 1, dose, outcomes } of attacks) {
    if (measures && !context.wants(name)) continue;
    await context.phase(phasesOf(name).during);
    const before = good.fedCount();
    const feeding = good.feedUntilStopped();
    const visiting = visitUntilStopped(context);
    const overflowsBefore = readOverflows();
    const began = performance.now();
    const { tally, cpuMs: attackerCpuMs } = await attack(
      { attack: name, port, key, dir, connections: null, withinMs: forMs },
      processes,
    );
    const seconds = (performance.now() - began) / 1000;
    const overflows = readOverflows();
    const overflowCount = overflows === null || overflowsBefore === null ? null : overflows - overflowsBefore;
    const visits = await visiting.stop();
    await feeding.stop();
    const lostEvents = await good.waitForAll();
    onRecord({
      attack: name,
      seconds,
      tally,
      attackerCpuMs,
      overflowCount,
      ...visits,
      heldStreams: good.streams.length,
      brokenStreams: good.brokenCount(),
      fedEvents: good.fedCount() - before,
      lostEvents,
    });
    await context.phase(phasesOf(name).after);
    if (!measures) {
      await context.sleep(SETTLE_MS);
      continue;
    }
    await context.measureLeak({
      path: name,
      unit: 'connection',
      dose,
      quiet: true,
      canBeRich: false,
      async perform({ dose: connections }) {
        const during = good.feedUntilStopped();
        const { tally: outcome } = await attack(
          { attack: name, port, key, dir, connections, withinMs: CYCLE_MS },
          processes,
        );
        const eventCount = await during.stop();
        await good.waitForAll();
        const landed = outcomes.reduce((sum, expected) => sum + (outcome[expected] ?? 0), 0);
        return { landed: total(outcome) === connections ? landed : 0, eventCount };
      },
    });
  }
  await context.endAll();
  for (let n = 1; n <= KEYS; n++) await context.dropFeed(context.key(n));
}

interface GoodStreams {
  streams: OpenStream[];
  fedCount(): number;
  brokenCount(): number;
  /** Appends an event to each workflow at a fixed pace. `stop` resolves with how many came to all streams together. */
  feedUntilStopped(): { stop(): Promise<number> };
  /** Resolves with the number of events that have not come in time, over all streams. */
  waitForAll(): Promise<number>;
}

async function holdGoodStreams(context: ScenarioContext): Promise<GoodStreams> {
  await context.phase('hold');
  const keys = Array.from({ length: KEYS }, (_, n) => context.key(n + 1));
  const streams = keys.flatMap((key) =>
    Array.from({ length: STREAMS_PER_KEY }, () => context.open('graceful-close', key)),
  );
  await context.within(Promise.all(streams.map(({ answered }) => answered)), ANSWER_MS);
  let broken = 0;
  for (const { ended } of streams) void ended.then(() => broken++);
  let fed = 0;
  const feedAll = async () => {
    for (const key of keys) await context.feed(key, { count: 1, bytesPerEvent: EVENT_BYTES });
    fed++;
  };
  await feedAll();
  return {
    streams,
    fedCount: () => fed,
    brokenCount: () => broken,
    feedUntilStopped() {
      const before = fed;
      const ticking = repeat(context, EVENT_EVERY_MS, feedAll);
      return {
        async stop() {
          await ticking.stop();
          return (fed - before) * streams.length;
        },
      };
    },
    async waitForAll() {
      await context.until(() => streams.every(({ eventCount }) => eventCount >= fed), ARRIVAL_MS);
      return streams.reduce((lost, { eventCount }) => lost + Math.max(0, fed - eventCount), 0);
    },
  };
}

/** A new client every quarter of a second, on a workflow of its own, that leaves again once it is answered. */
function visitUntilStopped(context: ScenarioContext) {
  const newClients: Tally = {};
  let slowestAdmissionMs: number | null = null;
  const visiting = repeat(context, NEW_CLIENT_EVERY_MS, async () => {
    const began = performance.now();
    const stream = context.open('graceful-close', context.freshKey(), { tally: true });
    const answer = await context.within(stream.answered, ANSWER_MS);
    if (answer === 'accepted')
      slowestAdmissionMs = Math.max(slowestAdmissionMs ?? 0, performance.now() - began);
    count(newClients, answer ?? 'none');
    stream.end();
    await stream.ended;
  });
  return {
    async stop() {
      await visiting.stop();
      return { newClients, slowestAdmissionMs };
    },
  };
}

/** Does something now and every so often until stopped; `stop` waits for what is under way, and rejects with its error. */
function repeat(context: ScenarioContext, everyMs: number, work: () => Promise<void>) {
  let stopped = false;
  const running = (async () => {
    while (!stopped) {
      await work();
      if (!stopped) await context.sleep(everyMs);
    }
  })();
  running.catch(() => {}); // told by `stop`
  return {
    async stop() {
      stopped = true;
      await running;
    },
  };
}

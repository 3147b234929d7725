import type { BehaviourName, LoadPlan, OpenStream } from '../model.ts';
import type { StreamPool } from '../stream-pool.ts';
import { arrivalsBy, dueMs, shareOf, targetAt, totalMs } from './schedule.ts';
import type { SourcePlace } from './source-addresses.ts';

/** Where a client goes. */
export interface Place {
  url: string;
  key: string;
  /** Source address and port; null: the system's choice. */
  source: SourcePlace | null;
}

export interface GeneratorOptions {
  plan: LoadPlan;
  share: { index: number; count: number };
  pool: StreamPool;
  /** The place of a slot: at most one client at a time is on it. Slots are counted from 0 over all workers. */
  placeOf(slot: number): Place;
  /** The client that was there is gone, and its socket closed. */
  onLeft(place: Place): void;
  random(): number;
  phase(): string;
  /** Milliseconds since the load began, alike in all workers. */
  nowMs(): number;
  /** Most streams that this process has room for. */
  roomCount: number;
}

export interface Generator {
  /** This worker's share of what the plan asks for now: streams held, or arrivals so far. */
  readonly plannedCount: number;
  readonly startedCount: number;
  /** Of an open model: arrivals that came more than `MISSED_MS` late or found no room. */
  readonly missedCount: number;
  /** Places that clients have been on: more than there are clients, as a place rests when its client has left. */
  readonly slotCount: number;
  /** Opens no more. Those that are open stay. */
  stop(): void;
}

/** Later than this an arrival counts as missed: ten times what a timer of an idle process is late at worst. */
export const MISSED_MS = 100;

/** An arrival must not wait for a coarse clock, which would show in its latency; a number held may. */
const OPEN_TICK_MS = 1;
const CLOSED_TICK_MS = 10;

/** Connections on their way at a time while a number is being reached: what listen backlogs hold (511 in Node) must not overflow. */
const MOST_CONNECTING = 256;

/** A client that did not get in, or was shown out sooner than this, tries again after this, as one with a `Retry-After` of a second. */
const REFUSED_REST_MS = 1000;

/** A slot rests after a client has left: the server hears of that a moment later, and may still count it. */
const LEFT_REST_MS = 250;

/** A client that comes back has to leave first: as often as those of a storm do. */
const RECONNECT_MS = 5000;

const BUCKET_MS = 50;

interface Client {
  /** Null once it is over. */
  stream: OpenStream | null;
  /** Place in the list of clients. */
  index: number;
  /** It was told to leave. Its connection may last longer than it: a proxy keeps it. */
  isLeaving: boolean;
}

/** Opens streams by a plan, and replaces or ends them as it says. */
export function startGenerator(options: GeneratorOptions): Generator {
  const { plan, share, pool, random, nowMs } = options;
  const clients: Client[] = [];
  const resting = createResting();
  const ends = createEnds();
  const pick = weighted(plan.mix, random);
  const lastMs = totalMs(plan.stages);
  let slotCount = 0;
  let startedCount = 0;
  let missedCount = 0;
  let leavingCount = 0;
  let arrivalCount = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const start = (latenessMs: number | null) => {
    const now = nowMs();
    const slot = resting.take(now) ?? share.index + slotCount++ * share.count;
    const place = options.placeOf(slot);
    const client: Client = { stream: null, index: clients.length, isLeaving: false };
    clients.push(client);
    startedCount += 1;
    const behaviour = pick();
    client.stream = pool.open(behaviour, place.url, place.key, options.phase(), {
      tally: true,
      random,
      ...place.source,
      ...(behaviour === 'reconnect' ? { dropAfterMs: RECONNECT_MS } : {}),
      ...(plan.meanLifetimeMs === null ? {} : { meanLifetimeMs: plan.meanLifetimeMs }),
      ...(latenessMs === null ? {} : { latenessMs }),
      onEnd({ answer, ending, durationMs }) {
        options.onLeft(place);
        // Its time may be long in coming: until then nothing of the stream is to be kept.
        client.stream = null;
        if (client.isLeaving) leavingCount -= 1;
        const last = clients.pop();
        if (last !== undefined && last !== client) {
          clients[client.index] = last;
          last.index = client.index;
        }
        // Whatever kept it out, or showed it out at once: at once again would be a flood.
        // (Whoever has ended its own side may be taken for gone, as Node's http server does: that is no sign of trouble.)
        const shownOut = ending !== 'client' && behaviour !== 'half-close' && durationMs < REFUSED_REST_MS;
        const refused =
          (answer !== 'accepted' && ending !== 'client') || ending === 'protocol-error' || shownOut;
        // The server cannot know that this one has left, and will count it for some time to come.
        if (behaviour === 'half-open' && !refused) return;
        resting.put(slot, nowMs() + (refused ? REFUSED_REST_MS : LEFT_REST_MS), refused);
      },
    });
    // One that leaves by itself has its lifetime already: of two, the shorter would be half as long on average.
    if (plan.meanLifetimeMs !== null && behaviour !== 'random-lifetime') {
      ends.at(now - Math.log(1 - random()) * plan.meanLifetimeMs, client);
    }
  };

  const leave = (client: Client) => {
    if (client.stream === null || client.isLeaving) return;
    client.isLeaving = true;
    leavingCount += 1;
    client.stream.end();
  };

  const hold = (now: number) => {
    const wanted = shareOf(Math.round(targetAt(plan.stages, now)), share);
    // Who was refused and waits to try again is one of the clients, and not to be replaced by another.
    const refused = resting.refusedCount(now);
    const missing = () => wanted - refused - (clients.length - leavingCount);
    while (missing() > 0 && clients.length < options.roomCount) {
      if (pool.connectingCount - leavingCount >= MOST_CONNECTING) break;
      start(null);
    }
    for (let index = clients.length - 1; index >= 0 && missing() < 0; index -= 1) {
      const client = clients[index];
      if (client !== undefined) leave(client);
    }
  };
  const arrive = (now: number) => {
    const due = Math.floor(arrivalsBy(plan.stages, now));
    for (; arrivalCount < due; arrivalCount += 1) {
      if (arrivalCount % share.count !== share.index) continue;
      // By the clock of this very moment: those before it took time too, and the stages may be over.
      const latenessMs = Math.max(0, nowMs() - (dueMs(plan.stages, arrivalCount + 1) ?? lastMs));
      const hasRoom = clients.length < options.roomCount;
      if (latenessMs > MISSED_MS || !hasRoom) missedCount += 1;
      if (hasRoom) start(latenessMs);
    }
  };
  const tick = () => {
    const now = nowMs();
    ends.due(now, leave);
    if (plan.model === 'closed') hold(now);
    else arrive(now);
    if (!stopped) timer = setTimeout(tick, plan.model === 'closed' ? CLOSED_TICK_MS : OPEN_TICK_MS);
  };
  tick();

  return {
    get plannedCount() {
      const now = nowMs();
      if (plan.model === 'closed') return shareOf(Math.round(targetAt(plan.stages, now)), share);
      return shareOf(Math.floor(arrivalsBy(plan.stages, now)), share);
    },
    get startedCount() {
      return startedCount;
    },
    get slotCount() {
      return slotCount;
    },
    get missedCount() {
      return missedCount;
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}

/** Slots without a client, each until it may be used again. First in, first out, among those that rest equally long. */
function createResting() {
  const queues = { left: new Queue(), refused: new Queue() };
  return {
    put(slot: number, untilMs: number, refused: boolean) {
      (refused ? queues.refused : queues.left).put(slot, untilMs);
    },
    take(now: number): number | null {
      return queues.refused.take(now) ?? queues.left.take(now);
    },
    /** Who was refused and still waits. */
    refusedCount: (now: number) => queues.refused.waitingCount(now),
  };
}

class Queue {
  #entries: { slot: number; untilMs: number }[] = [];
  #head = 0;

  put(slot: number, untilMs: number): void {
    this.#entries.push({ slot, untilMs });
  }

  take(now: number): number | null {
    const entry = this.#entries[this.#head];
    if (entry === undefined || entry.untilMs > now) return null;
    this.#head += 1;
    if (this.#head > 1000 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry.slot;
  }

  waitingCount(now: number): number {
    let count = 0;
    for (let index = this.#entries.length - 1; index >= this.#head; index -= 1) {
      if ((this.#entries[index]?.untilMs ?? 0) <= now) break;
      count += 1;
    }
    return count;
  }
}

/** Ends streams when their time is up: one list a moment, instead of a timer a stream. */
function createEnds() {
  const buckets = new Map<number, Client[]>();
  let next = 0;
  return {
    at(ms: number, client: Client) {
      const bucket = Math.max(next, Math.ceil(ms / BUCKET_MS));
      const list = buckets.get(bucket);
      if (list === undefined) buckets.set(bucket, [client]);
      else list.push(client);
    },
    due(now: number, leave: (client: Client) => void) {
      for (; next * BUCKET_MS <= now; next += 1) {
        for (const client of buckets.get(next) ?? []) leave(client);
        buckets.delete(next);
      }
    },
  };
}

function weighted(mix: LoadPlan['mix'], random: () => number): () => BehaviourName {
  const entries = Object.entries(mix) as [BehaviourName, number][];
  const total = entries.reduce((sum, [, weight]) => sum + weight, 0);
  return () => {
    let at = random() * total;
    for (const [name, weight] of entries) {
      at -= weight;
      if (at < 0) return name;
    }
    return entries.at(-1)?.[0] ?? 'graceful-close';
  };
}

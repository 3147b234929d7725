import { rm } from 'node:fs/promises';
import { startBrowser } from './browser/start-browser.ts';
import type { Suspect } from './confirm.ts';
import { createEventFeed } from './event-feed.ts';
import { createEventPost } from './event-post.ts';
import { flood } from './flood.ts';
import { type RunningLoad, runLoad } from './load/run-load.ts';
import { longDrain } from './long-drain.ts';
import { MAX_OVER_BUDGET, type MeasureStatus, measureLeak } from './measure-leak.ts';
import type {
  Browser,
  CycleEntry,
  DrainEntry,
  JournalEntry,
  LeakMeasurement,
  LoadEntry,
  RequestsEntry,
  RunConfig,
  ScenarioContext,
} from './model.ts';
import { countPortSockets } from './probes/sockets.ts';
import { drain, type Session } from './session.ts';
import { floodWithStreams } from './stream-flood.ts';
import type { StreamPool } from './stream-pool.ts';
import { conversationOf } from './streams/conversation.ts';
import { bodyOf } from './streams/open-exchange.ts';
import { whyUnavailable } from './streams/vanish.ts';
import { fill, fillKey } from './template.ts';
import { estimateLeak } from './verdict/estimate-leak.ts';
import { isUnsettled } from './verdict/judge-path.ts';
import { sleep, until, within } from './waiting.ts';

export interface ContextOptions {
  scenario: string;
  config: RunConfig;
  session: Session;
  pool: StreamPool;
  signal: AbortSignal;
  /** Folder for the events that are fed. */
  dataDir: string;
  /** 0: the scenario's first process; above: one that is to confirm `suspects`. */
  attempt: number;
  /** The only paths to measure, with how much more work each is given; null: all that the configuration asks for. */
  suspects: ReadonlyMap<string, Suspect> | null;
  /** No key below this number has been used by an earlier scenario of the run. */
  firstKeyNumber: number;
  random(): number;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
  /** Takes a sample at once, so that each phase begins with one. */
  sampleNow(): Promise<void>;
  onProgress(progress: PhaseProgress): void;
}

export interface PhaseProgress {
  phase: string;
  /** Such as `cycle 7 of 18`, or null outside of a measurement. */
  cycle: string | null;
  /** Null outside of a measurement. */
  measuring: MeasureStatus | null;
}

/** Keys for `freshKey` begin so far behind the shared ones that they never meet. */
const SHARED_KEY_COUNT = 10_000;

/** Puts together what a scenario may do. Whoever calls it calls `close()` in the end, which ends all streams and removes what was fed. */
export function createScenarioContext(options: ContextOptions): ScenarioContext & {
  readonly phaseName: string;
  /** The cycles of each path that was measured. */
  readonly measured: ReadonlyMap<string, CycleEntry[]>;
  /** Streams that are open and events that have come, those of worker processes included. */
  readonly openStreamCount: number;
  readonly eventCount: number;
  /** How the load of worker processes goes; null: there is none, or they have not told yet. */
  loadEntry(): LoadEntry | null;
  /** Which part of the growth was still there after the wait for late releases; null: there was no such wait. */
  readonly keptRatio: number | null;
  close(): Promise<void>;
} {
  const { scenario, config, session, pool, signal, elapsedMs, write, attempt, suspects } = options;
  const feed = config.events?.to === 'url' ? createEventPost(config.headers) : createEventFeed();
  let phaseName = 'begin';
  let freshKeyCount = 0;
  const measured = new Map<string, CycleEntry[]>();
  let stopped: string | null = null;
  let keptRatio: number | null = null;
  let runningLoad: RunningLoad | null = null;
  let loadedEventCount = 0;
  /** Those that are still starting, too: a scenario that is stopped is left at once, whatever it waits for. */
  const browsers: Promise<Browser>[] = [];
  /** Settles when the workers of the load are gone; the scenario itself is left as soon as it is stopped. */
  let loadOver: Promise<unknown> = Promise.resolve();

  const keyAt = (n: number) => fillKey(config.key, config.seed, options.firstKeyNumber + n);
  const streamUrl = (key: string) => fill(config.url, { port: session.port, key: encodeURIComponent(key) });
  const pageUrl = (key: string) =>
    config.page === null ? null : fill(config.page, { port: session.port, key: encodeURIComponent(key) });
  const feedOf = (key: string) =>
    config.events?.to === 'url'
      ? fill(config.events.at, { port: session.port, key: encodeURIComponent(key) })
      : fill(config.events?.at ?? '', { dir: options.dataDir, key });
  const beginPhase = async (name: string) => {
    // The last sample of a phase and the first one of the next are the same moment, read twice.
    await options.sampleNow();
    pool.flush(phaseName);
    phaseName = attempt === 0 ? name : `confirm: ${name}`;
    write({ type: 'phase', scenario, elapsedMs: elapsedMs(), phase: phaseName });
    options.onProgress({ phase: phaseName, cycle: null, measuring: null });
    await options.sampleNow();
  };

  const isWanted = (path: string) =>
    suspects !== null ? suspects.has(path) : config.paths.length === 0 || config.paths.includes(path);
  /** The wait that tells a leak from a late release: once, behind the last of the suspected paths. */
  const drainAfter = async ({ quiet }: LeakMeasurement) => {
    const open = [...measured.values()].some((cycles) =>
      isUnsettled(estimateLeak(cycles, session.probe.capabilities.level)),
    );
    if (!quiet || !open) return;
    await beginPhase('wait for late releases');
    keptRatio = await waitForReleases('after', measured);
  };
  const waitForReleases = (moment: DrainEntry['moment'], paths: ReadonlyMap<string, CycleEntry[]>) =>
    longDrain({
      scenario,
      session,
      signal,
      attempt,
      moment,
      paths,
      graceMs: config.graceMs,
      mostRssBytes: config.budgetBytes * MAX_OVER_BUDGET,
      heldCount: () => pool.openCount,
      elapsedMs,
      write,
      onWait: (seconds) =>
        options.onProgress({
          phase: phaseName,
          cycle: `${seconds} of ${Math.round(config.graceMs / 1000)} s`,
          measuring: null,
        }),
    });

  /** Requests for streams: short ones where a refusal is the answer to a request, otherwise whole clients. */
  const floodStreams = (url: string, key: string, load: { count: number; connections: number }) => {
    const { protocol: plan, headers } = config;
    const { protocol, refusesLate, refusesInBody } = conversationOf(plan);
    const whole =
      refusesLate ||
      refusesInBody ||
      protocol.switches ||
      protocol.transport === 'http/2' ||
      plan.session !== null;
    if (whole) return floodWithStreams({ url, key, ...load }, config, signal);
    const own = plan.name === 'sse' ? {} : protocol.headers;
    const body = plan.body === null ? null : bodyOf(plan.body, key);
    return flood(
      url.replaceAll('{lastEventId}', ''),
      { ...load, headers: { ...own, ...headers }, body },
      signal,
    );
  };

  return {
    config,
    signal,
    offers: (behaviour) =>
      !conversationOf(config.protocol).protocol.lacks.has(behaviour) &&
      (behaviour !== 'half-open' || whyUnavailable(streamUrl('key')) === null),
    canResume:
      config.url.includes('{lastEventId}') ||
      conversationOf(config.protocol).protocol.resumesByHeader === true,
    canPlant: session.probe.capabilities.plants,
    get phaseName() {
      return phaseName;
    },
    get openStreamCount() {
      return pool.openCount + (runningLoad?.openCount() ?? 0);
    },
    get eventCount() {
      return pool.eventCount + loadedEventCount + (runningLoad?.eventCount() ?? 0);
    },
    loadEntry: () => runningLoad?.entry(phaseName) ?? null,
    get keptRatio() {
      return keptRatio;
    },
    measured,
    random: options.random,
    key: (n) => keyAt(n),
    freshKey: () => keyAt(SHARED_KEY_COUNT + freshKeyCount++),
    phase: beginPhase,
    open(behaviour, key, openOptions = {}) {
      signal.throwIfAborted();
      return pool.open(behaviour, streamUrl(key), key, phaseName, openOptions);
    },
    async endAll() {
      await pool.endAll();
      await drain(session, 0, signal);
    },
    sleep: (ms) => sleep(ms, signal),
    within: (promise, ms) => within(promise, ms, signal),
    until: (condition, withinMs) => until(condition, withinMs, signal),
    async feed(key, events) {
      const byteCount = await feed.append(feedOf(key), events, signal);
      write({
        type: 'feed',
        scenario,
        elapsedMs: elapsedMs(),
        phase: phaseName,
        key,
        eventCount: events.count,
        byteCount,
      });
    },
    async feedEach(keys, bytesPerEvent) {
      for (const key of keys) await feed.append(feedOf(key), { count: 1, bytesPerEvent }, signal);
    },
    dropFeed: (key) => feed.drop(feedOf(key)),
    async load(meanwhile) {
      try {
        const loading = runLoad(
          {
            scenario,
            config,
            session,
            signal,
            firstKeyNumber: options.firstKeyNumber,
            randomSeed: Math.floor(options.random() * 2 ** 31),
            elapsedMs,
            write,
            beginPhase,
            meanwhile,
            onProgress: (cycle) => options.onProgress({ phase: phaseName, cycle, measuring: null }),
          },
          (load) => {
            runningLoad = load;
          },
        );
        loadOver = loading.catch(() => {});
        await loading;
      } finally {
        loadedEventCount += runningLoad?.eventCount() ?? 0;
        runningLoad = null;
      }
    },
    async flood(label, url, { key, ...load }) {
      const result =
        key === undefined
          ? await flood(url, { ...load, headers: config.headers }, signal)
          : await floodStreams(url, key, load);
      const entry: RequestsEntry = {
        type: 'requests',
        scenario,
        elapsedMs: elapsedMs(),
        phase: phaseName,
        label,
        ...result,
      };
      write(entry);
      return entry;
    },
    async measureLeak(measurement) {
      const { path } = measurement;
      if (!isWanted(path)) return;
      if (stopped !== null) {
        const reason = `"${path}" was not measured: ${stopped}`;
        write({ type: 'gap', scenario, elapsedMs: elapsedMs(), probe: 'leak', reason });
        return;
      }
      await beginPhase(`measure ${path}`);
      const { ended, cycles } = await measureLeak(measurement, {
        scenario,
        session,
        signal,
        attempt,
        doseFactor: suspects?.get(path)?.doseFactor ?? 1,
        async onWarm(cycles) {
          if (suspects === null || !measurement.quiet) return;
          await waitForReleases('before', new Map([[path, cycles]]));
        },
        cold: measured.size === 0,
        budgetBytes: config.budgetBytes,
        random: options.random,
        elapsedMs,
        heldCount: () => pool.openCount,
        write,
        onCycle: (done, planned, measuring) =>
          options.onProgress({
            phase: phaseName,
            cycle: done < 1 ? 'warm-up' : `cycle ${done} of ${planned}`,
            measuring,
          }),
      });
      if (measurement.plantPerUnitBytes !== undefined) await session.probe.unplant();
      measured.set(path, cycles);
      if (ended === 'over-budget') stopped = 'the target is over its budget';
      if (ended === 'other-processes') stopped = 'the processes of the target are not the same any more';
      pool.flush(phaseName);
      if (suspects !== null && (stopped !== null || measured.size === suspects.size))
        await drainAfter(measurement);
    },
    skipPath(path, reason) {
      if (suspects === null) write({ type: 'path-skipped', scenario, elapsedMs: elapsedMs(), path, reason });
    },
    wants: isWanted,
    streamUrl,
    pageUrl,
    async browser() {
      signal.throwIfAborted();
      const starting = startBrowser(config.browser, { pageUrl, headers: config.headers, signal });
      browsers.push(starting);
      return starting;
    },
    connections: () => countPortSockets(session.port, { pid: session.target.pid }),
    noteTabs: (note) =>
      write({ type: 'browser', scenario, elapsedMs: elapsedMs(), phase: phaseName, ...note }),
    async close() {
      await Promise.all([loadOver, pool.endAll(), ...browsers.map(killWhenUp)]);
      pool.flush(phaseName);
      await feed.close();
      if (config.target.mode === 'spawn') await rm(options.dataDir, { recursive: true, force: true });
    },
  };
}

/** One that could not be started has left nothing. */
async function killWhenUp(starting: Promise<Browser>): Promise<void> {
  const browser = await starting.catch(() => null);
  await browser?.kill();
}

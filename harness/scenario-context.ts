import { rm } from 'node:fs/promises';
import { createEventFeed } from './event-feed.ts';
import { flood } from './flood.ts';
import { measureLeak } from './measure-leak.ts';
import type { JournalEntry, RequestsEntry, RunConfig, ScenarioContext } from './model.ts';
import { drain, type Session } from './session.ts';
import type { StreamPool } from './stream-pool.ts';
import { fill, fillKey } from './template.ts';
import { sleep, until, within } from './waiting.ts';

export interface ContextOptions {
  scenario: string;
  config: RunConfig;
  session: Session;
  pool: StreamPool;
  signal: AbortSignal;
  /** Folder for the events that are fed. */
  dataDir: string;
  /** No key below this number has been used by an earlier scenario of the run. */
  firstKeyNumber: number;
  random(): number;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
  /** Takes a sample at once, so that each phase begins with one. */
  sampleNow(): Promise<void>;
  onProgress(progress: { phase: string; cycle: string | null }): void;
}

/** Keys for `freshKey` begin so far behind the shared ones that they never meet. */
const SHARED_KEY_COUNT = 10_000;

/** Puts together what a scenario may do. Whoever calls it calls `close()` in the end, which ends all streams and removes what was fed. */
export function createScenarioContext(
  options: ContextOptions,
): ScenarioContext & { readonly phaseName: string; close(): Promise<void> } {
  const { scenario, config, session, pool, signal, elapsedMs, write } = options;
  const feed = createEventFeed();
  let phaseName = 'begin';
  let freshKeyCount = 0;
  let measured = false;
  let overBudget = false;

  const keyAt = (n: number) => fillKey(config.key, config.seed, options.firstKeyNumber + n);
  const streamUrl = (key: string) => fill(config.url, { port: session.port, key: encodeURIComponent(key) });
  const fileOf = (key: string) => fill(config.eventsFile ?? '', { dir: options.dataDir, key });
  const beginPhase = async (name: string) => {
    // The last sample of a phase and the first one of the next are the same moment, read twice.
    await options.sampleNow();
    pool.flushTallies();
    phaseName = name;
    write({ type: 'phase', scenario, elapsedMs: elapsedMs(), phase: name });
    options.onProgress({ phase: name, cycle: null });
    await options.sampleNow();
  };

  return {
    config,
    signal,
    get phaseName() {
      return phaseName;
    },
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
      const byteCount = await feed.append(fileOf(key), events, signal);
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
    dropFeed: (key) => feed.drop(fileOf(key)),
    async flood(label, url, load) {
      const result = await flood(url, { ...load, headers: config.headers }, signal);
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
      if (overBudget) {
        const reason = `"${measurement.path}" was not measured: the target is over its budget`;
        write({ type: 'gap', scenario, elapsedMs: elapsedMs(), probe: 'leak', reason });
        return;
      }
      await beginPhase(`measure ${measurement.path}`);
      const ended = await measureLeak(measurement, {
        scenario,
        session,
        signal,
        cold: !measured,
        budgetBytes: config.budgetBytes,
        random: options.random,
        elapsedMs,
        heldCount: () => pool.openCount,
        write,
        onCycle: (done, planned) =>
          options.onProgress({
            phase: phaseName,
            cycle: done < 1 ? 'warm-up' : `cycle ${done} of ${planned}`,
          }),
      });
      measured = true;
      overBudget = ended === 'over-budget';
      pool.flushTallies();
    },
    streamUrl,
    pageUrl: () => (config.page === null ? null : fill(config.page, { port: session.port })),
    async close() {
      await pool.endAll();
      pool.flushTallies();
      await feed.close();
      if (config.target.mode === 'spawn') await rm(options.dataDir, { recursive: true, force: true });
    },
  };
}

import { setTimeout as delay } from 'node:timers/promises';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { HydrotestError } from '../errors.ts';
import type { BrowserTab, TabReading, TabState } from '../model.ts';
import { ROW_COUNT_NAME } from './row-counter.ts';

/** A page that does not load in this time is blank, which its rows will show. */
const LOAD_MS = 5000;
/** A tab that does not answer in this time is busy, asleep or gone: then its last reading stands. */
const ANSWER_MS = 3000;
/** Ten tabs that collect their garbage at once on a busy machine take seconds. */
const COLLECT_MS = 15_000;
/** What a browser does with a tab takes it milliseconds. One that has not done it by then does not do it any more. */
const OBEY_MS = 20_000;
const MAX_ERROR_LENGTH = 200;

/** Opens a page in a tab of its own and waits for its document, or for its time-out: then it is blank, and open all the same. */
export async function openTab(
  context: BrowserContext,
  { number, key, url }: { number: number; key: string; url: string },
): Promise<BrowserTab> {
  const page = await obeyed(context.newPage(), `open tab ${number}`);
  const cdp = await obeyed(context.newCDPSession(page), `open tab ${number}`);
  return new Tab(page, cdp, number, key).load(url);
}

class Tab implements BrowserTab {
  readonly number: number;
  readonly key: string;
  state: TabState = 'open';
  readonly #page: Page;
  readonly #cdp: CDPSession;
  /** False: its document has not come yet, so there is nobody to ask. */
  #isLoaded = false;
  /** Of documents before this one. */
  #earlierRowCount = 0;
  #last: TabReading;

  constructor(page: Page, cdp: CDPSession, number: number, key: string) {
    this.#page = page;
    this.#cdp = cdp;
    this.number = number;
    this.key = key;
    this.#last = {
      tab: number,
      key,
      state: 'open',
      rowCount: 0,
      heapBytes: null,
      nodeCount: null,
      listenerCount: null,
      errorCount: 0,
      firstError: null,
    };
    page.on('domcontentloaded', () => {
      this.#isLoaded = true;
      // Also where a page loads itself again, whose new counter begins at nothing.
      this.#earlierRowCount = this.#last.rowCount;
    });
    page.on('crash', () => {
      this.state = 'crashed';
    });
    page.on('pageerror', ({ message }) => this.#noteError(message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.#noteError(message.text());
      // A handle keeps what was logged alive in the page: the harness would leak there.
      for (const argument of message.args()) void argument.dispose().catch(() => {});
    });
  }

  async load(url: string): Promise<this> {
    this.#isLoaded = false;
    await this.#page
      .goto(url, { waitUntil: 'domcontentloaded', timeout: LOAD_MS })
      .catch((error: Error) => this.#noteError(error.message));
    return this;
  }

  async reload(): Promise<void> {
    await this.read(false);
    this.#isLoaded = false;
    await this.#page
      .reload({ waitUntil: 'domcontentloaded', timeout: LOAD_MS })
      .catch((error: Error) => this.#noteError(error.message));
  }

  /**
   * Freezes the page and holds its scripts at their next statement: a headless shell shows all of its tabs, and does not
   * freeze one that is shown.
   */
  async sleep(): Promise<void> {
    const freeze = async () => {
      await this.#cdp.send('Page.setWebLifecycleState', { state: 'frozen' });
      await this.#cdp.send('Debugger.enable');
      await this.#cdp.send('Debugger.pause');
    };
    await obeyed(freeze(), `put tab ${this.number} to sleep`);
    this.state = 'asleep';
    // It pauses here at the latest, so that it is asleep even where no event comes; the answer comes when it wakes.
    void this.#cdp.send('Runtime.evaluate', { expression: '0' }).catch(() => {});
  }

  async wake(): Promise<void> {
    const thaw = async () => {
      await this.#cdp.send('Debugger.disable');
      await this.#cdp.send('Page.setWebLifecycleState', { state: 'active' });
    };
    await obeyed(thaw(), `wake tab ${this.number}`);
    this.state = 'open';
  }

  async crash(): Promise<void> {
    const crashed = this.#page.waitForEvent('crash', { timeout: LOAD_MS });
    // Its answer never comes: who would give it is gone.
    void this.#cdp.send('Page.crash').catch(() => {});
    await crashed;
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    await this.read(false);
    this.state = 'closed';
    await obeyed(this.#page.close(), `close tab ${this.number}`);
  }

  async read(careful: boolean): Promise<TabReading> {
    const canAnswer = this.state === 'open' && this.#isLoaded;
    if (canAnswer) {
      const rows = await answer(this.#page.evaluate(readCounter, ROW_COUNT_NAME), ANSWER_MS);
      // Never back: the counter of a new document may answer before it is known that there is one.
      if (rows !== null) this.#last.rowCount = Math.max(this.#last.rowCount, this.#earlierRowCount + rows);
    }
    const memory = careful && canAnswer ? await answer(this.#readMemory(), COLLECT_MS) : null;
    return {
      ...this.#last,
      state: this.state,
      ...(memory ?? { heapBytes: null, nodeCount: null, listenerCount: null }),
    };
  }

  async #readMemory() {
    // The protocol's own list of messages is no part of the page.
    await this.#cdp.send('Runtime.discardConsoleEntries');
    await this.#cdp.send('HeapProfiler.collectGarbage');
    const heap = await this.#cdp.send('Runtime.getHeapUsage');
    const counters = await this.#cdp.send('Memory.getDOMCounters');
    return {
      heapBytes: heap.usedSize + (heap.backingStorageSize ?? 0),
      nodeCount: counters.nodes,
      listenerCount: counters.jsEventListeners,
    };
  }

  #noteError(message: string): void {
    this.#last.errorCount += 1;
    this.#last.firstError ??= message.split('\n')[0]?.slice(0, MAX_ERROR_LENGTH) ?? '';
  }
}

/** @throws HydrotestError `worker-lost`: the browser does not do it, or not in time. */
async function obeyed<T>(promise: Promise<T>, what: string): Promise<T> {
  const timer = new AbortController();
  const tooLate = async (): Promise<never> => {
    await delay(OBEY_MS, undefined, { signal: timer.signal });
    throw new HydrotestError('worker-lost', `the browser did not ${what} within ${OBEY_MS / 1000} s`);
  };
  try {
    return await Promise.race([promise, tooLate()]);
  } finally {
    timer.abort();
  }
}

/** Runs in the page. */
function readCounter(name: string): number {
  return Number((globalThis as unknown as Record<string, unknown>)[name] ?? 0);
}

/** Null: it failed, or took too long. */
async function answer<T>(promise: Promise<T>, withinMs: number): Promise<T | null> {
  const timer = new AbortController();
  try {
    return await Promise.race([
      promise.catch(() => null),
      delay(withinMs, null, { signal: timer.signal }).catch(() => null),
    ]);
  } finally {
    timer.abort();
  }
}

/** Which browser drives the tabs, and what counts as a row of its page. */
export interface BrowserConfig {
  /** The executable; null: hydrotest looks for one. */
  path: string | null;
  /** CSS selector of the elements that the page adds for events; null: every node that is added counts. */
  rows: string | null;
}

/** What became of a tab. */
export type TabState = 'open' | 'asleep' | 'crashed' | 'closed';

/** One look at one tab. */
export interface TabReading {
  /** Counted from 1, in the order in which they were opened. */
  tab: number;
  key: string;
  state: TabState;
  /** Rows added since the tab was opened, over all of its loads; a list that drops its oldest rows adds all the same. */
  rowCount: number;
  /** Live bytes of its JavaScript heap after forced collection; null: not read at this look. */
  heapBytes: number | null;
  /** DOM nodes and JavaScript event listeners that are alive; null: not read at this look. */
  nodeCount: number | null;
  listenerCount: number | null;
  /** Uncaught errors and errors on its console so far, and the first of them. */
  errorCount: number;
  firstError: string | null;
}

/** One tab of a real browser. A tab that crashed or was closed answers with what it had last. */
export interface BrowserTab {
  readonly number: number;
  readonly key: string;
  readonly state: TabState;
  reload(): Promise<void>;
  /** Stops its scripts, as a browser does with a tab that was long in the background. */
  sleep(): Promise<void>;
  wake(): Promise<void>;
  /** Ends its renderer process, which may take other tabs along. */
  crash(): Promise<void>;
  close(): Promise<void>;
  /** `careful`: with heap, nodes and listeners, after forced collection. */
  read(careful: boolean): Promise<TabReading>;
}

/** A browser with a profile of its own, whose tabs share cookies, locks and channels as tabs of one person do. */
export interface Browser {
  /** Such as `153.0.8010.0`. */
  readonly version: string;
  /** Opens the target's page for a key. */
  open(key: string): Promise<BrowserTab>;
  /** @throws HydrotestError `internal` when it has ended by itself: what its tabs do not show says nothing of the target then. */
  checkAlive(): void;
  /** Ends it and all of its processes by SIGKILL. Idempotent. */
  kill(): Promise<void>;
}

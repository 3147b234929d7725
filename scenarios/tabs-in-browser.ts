import type {
  Browser,
  BrowserTab,
  CheckName,
  ScenarioContext,
  SlotReading,
  SocketStates,
  TabReading,
} from '../harness/model.ts';

export const TABS_IN_BROWSER_CHECKS: CheckName[] = ['tabs-in-browser', 'browser-heap', 'cleanup'];

/** The checklist's "dashboard with 10 browser tabs" over two workflows. */
const KEYS = 2;
const TABS = 10;

/** Where events can be made; small ones, as a dashboard gets. */
const FEED_INTERVAL_MS = 1000;
const BYTES_PER_EVENT = 300;

/** Rows come with the next event: at once where hydrotest makes it, else whenever the target has one. */
const ROWS_WITHIN_MS = { fed: 6000, unfed: 20_000 };
const LOOK_INTERVAL_MS = 200;

/** The dose of each heap reading: more would keep ten tabs on two cores busy for longer than a reading takes. */
const EVENTS_PER_READING = 30;
/** Lists that keep the last rows are full behind this. */
const FILL_EVENTS = 1000;
const FILL_WITHIN_MS = 10_000;
/** The estimators want 18, and on two busy cores twice as many; the first ones, in which code is still compiled, do not count. */
const MIN_READINGS = 40;
const MAX_READINGS = 200;
/** From the last event of a dose to the reading: what has come by then is drawn. */
const DRAW_MS = 200;

const DOWN_WITHIN_MS = 10_000;
const ANSWER_MS = 5000;
const RELOADS = 3;
const SLEEP_MS = 2500;

/** Ten tabs of a real browser are opened, held, closed, reloaded, put to sleep and crashed; in the end the browser is killed. */
export async function tabsInBrowser(context: ScenarioContext): Promise<void> {
  const { config } = context;
  const isPageKeyed = config.page?.includes('{key}') === true && config.url.includes('{key}');
  const keys = Array.from({ length: isPageKeyed ? KEYS : 1 }, (_, i) => context.key(1 + i));
  await context.phase('open');
  // Of a server that was there before: other clients have connections, too, which come and go as they like.
  const others = config.target.mode === 'attach' ? ((await context.connections()) ?? {}) : {};
  const connections = async () => without(others, await context.connections());
  const browser = await context.browser();
  const tabs: BrowserTab[] = [];
  const ending = new AbortController();
  const feeding = config.events === null ? Promise.resolve() : feedEachSecond(context, keys, ending.signal);
  // Whoever waits for it hears of it; until then it must not end the process.
  feeding.catch(() => {});
  try {
    // All at once, as a browser does that restores its last session.
    const opening = Array.from({ length: TABS }, (_, i) => browser.open(keys[i % keys.length] as string));
    tabs.push(...(await Promise.all(opening)));
    await endPhase(context, browser, tabs, connections);

    await context.phase('hold');
    await hold(context, browser, tabs, keys);
    await endPhase(context, browser, tabs, connections);

    await context.phase('close');
    // Every other pair, so that each key loses some and keeps some.
    for (const tab of tabs.filter((_, i) => i % 4 >= 2 || i === TABS - 1)) await tab.close();
    await endPhase(context, browser, tabs, connections);

    await context.phase('refresh');
    for (let round = 0; round < RELOADS; round++) {
      await Promise.all(
        tabs
          .filter(isOpen)
          .slice(0, 3)
          .map((tab) => tab.reload()),
      );
    }
    await endPhase(context, browser, tabs, connections);

    await context.phase('sleep');
    const sleepers = tabs.filter(isOpen).slice(0, 3);
    await Promise.all(sleepers.map((tab) => tab.sleep()));
    await context.sleep(SLEEP_MS);
    await Promise.all(sleepers.map((tab) => tab.wake()));
    await endPhase(context, browser, tabs, connections);

    await context.phase('crash');
    await tabs.find(isOpen)?.crash();
    await endPhase(context, browser, tabs, connections);

    await context.phase('kill');
    await browser.kill();
    const readings = await lookAt(tabs, false);
    await noteEnd(context, browser, tabs, connections, {
      blankTabs: [],
      waitedMs: 0,
      tabs: readings.map((reading) => ({
        ...reading,
        state: reading.state === 'open' ? 'closed' : reading.state,
      })),
      tabCount: () => 0,
    });
  } finally {
    ending.abort();
  }
  await feeding;
}

type CountConnections = () => Promise<SocketStates | null>;

function without(others: SocketStates, sockets: SocketStates | null): SocketStates | null {
  if (sockets === null) return null;
  const own = Object.entries(sockets).map(([state, count]) => [
    state,
    Math.max(0, count - (others[state] ?? 0)),
  ]);
  return Object.fromEntries(own);
}

function isOpen({ state }: BrowserTab): boolean {
  return state === 'open';
}

async function feedEachSecond(context: ScenarioContext, keys: string[], ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    for (const key of keys) await context.feed(key, { count: 1, bytesPerEvent: BYTES_PER_EVENT });
    await context.sleep(FEED_INTERVAL_MS);
  }
}

function lookAt(tabs: readonly BrowserTab[], careful: boolean): Promise<TabReading[]> {
  return Promise.all(tabs.map((tab) => tab.read(careful)));
}

/** Reads the heaps again and again while events are shown, for as long as was asked for, and often enough to decide. */
async function hold(
  context: ScenarioContext,
  browser: Browser,
  tabs: readonly BrowserTab[],
  keys: readonly string[],
): Promise<void> {
  const { durationMs, events } = context.config;
  const feed = async (count: number) => {
    if (events === null) return;
    for (const key of keys) await context.feed(key, { count, bytesPerEvent: BYTES_PER_EVENT });
  };
  await feed(FILL_EVENTS);
  let shown = -1;
  await context.until(async () => {
    await context.sleep(DRAW_MS);
    const before = shown;
    shown = (await lookAt(tabs, false)).reduce((sum, { rowCount }) => sum + rowCount, 0);
    // The second that goes by brings an event of its own to each tab.
    return shown - before <= tabs.length;
  }, FILL_WITHIN_MS);
  const end = performance.now() + durationMs;
  const paceMs = durationMs / MAX_READINGS;
  for (let i = 0; i < MIN_READINGS || performance.now() < end; i++) {
    await feed(EVENTS_PER_READING);
    browser.checkAlive();
    await context.sleep(Math.max(DRAW_MS, events === null ? durationMs / MIN_READINGS : paceMs));
    context.noteTabs({
      moment: 'heap',
      browserVersion: browser.version,
      blankTabs: [],
      waitedMs: 0,
      tabs: await lookAt(tabs, true),
      sockets: null,
      slots: [],
    });
  }
}

/** Waits until every open tab shows more rows than it did, and journals which do not, and what the target holds for them. */
async function endPhase(
  context: ScenarioContext,
  browser: Browser,
  tabs: readonly BrowserTab[],
  connections: CountConnections,
): Promise<void> {
  const since = performance.now();
  const withinMs = context.config.events === null ? ROWS_WITHIN_MS.unfed : ROWS_WITHIN_MS.fed;
  const open = tabs.filter(isOpen);
  const seen = new Map((await lookAt(open, false)).map(({ tab, rowCount }) => [tab, { rowCount, times: 0 }]));
  // A title that is late, or a list of workflows, is no event: rows have to come a second time.
  const isBlank = (tab: BrowserTab) => (seen.get(tab.number)?.times ?? 0) < 2;
  while (open.some(isBlank) && performance.now() - since < withinMs) {
    await context.sleep(LOOK_INTERVAL_MS);
    for (const { tab, rowCount } of await lookAt(open.filter(isBlank), false)) {
      const before = seen.get(tab);
      if (before !== undefined && rowCount > before.rowCount) {
        seen.set(tab, { rowCount, times: before.times + 1 });
      }
    }
  }
  browser.checkAlive();
  await noteEnd(context, browser, tabs, connections, {
    // One that crashed meanwhile is no blank one.
    blankTabs: open.filter((tab) => isOpen(tab) && isBlank(tab)).map(({ number }) => number),
    waitedMs: performance.now() - since,
    tabs: await lookAt(tabs, false),
    tabCount: (key) => open.filter((tab) => isOpen(tab) && tab.key === key).length,
  });
}

async function noteEnd(
  context: ScenarioContext,
  browser: Browser,
  tabs: readonly BrowserTab[],
  connections: CountConnections,
  note: { blankTabs: number[]; waitedMs: number; tabs: TabReading[]; tabCount(key: string): number },
): Promise<void> {
  const anyOpen = tabs.some(isOpen) && note.tabs.some(({ state }) => state === 'open');
  // What a client has left is `close_wait` at the server until it lets go of it, too.
  await context.until(async () => {
    const sockets = await connections();
    if (sockets === null) return true;
    return (sockets.close_wait ?? 0) === 0 && (anyOpen || (sockets.established ?? 0) === 0);
  }, DOWN_WITHIN_MS);
  const sockets = await connections();
  const keys = [...new Set(tabs.map(({ key }) => key))];
  const slots: SlotReading[] = [];
  for (const key of keys) {
    const slot = await trySlots(context, key, note.tabCount(key));
    if (slot !== null) slots.push(slot);
  }
  const { blankTabs, waitedMs, tabs: readings } = note;
  context.noteTabs({
    moment: 'end',
    browserVersion: browser.version,
    blankTabs,
    waitedMs,
    tabs: readings,
    sockets,
    slots,
  });
}

/** How many more streams a key takes. Tried again while fewer get in than its tabs explain: a slot may come back late. */
async function trySlots(
  context: ScenarioContext,
  key: string,
  tabCount: number,
): Promise<SlotReading | null> {
  const { limit } = context.config;
  if (limit === null) return null;
  let reading: SlotReading | null = null;
  await context.until(async () => {
    const streams = Array.from({ length: limit + 1 }, () =>
      context.open('graceful-close', key, { tally: true }),
    );
    const answers = await context.within(Promise.all(streams.map(({ answered }) => answered)), ANSWER_MS);
    for (const stream of streams) stream.end();
    await Promise.all(streams.map(({ ended }) => ended));
    reading = {
      key,
      askedCount: streams.length,
      acceptedCount: answers?.filter((answer) => answer === 'accepted').length ?? 0,
      refusedCount: answers?.filter((answer) => answer === 'limited').length ?? 0,
      tabCount,
    };
    return reading.acceptedCount >= limit - tabCount;
  }, ANSWER_MS);
  return reading;
}

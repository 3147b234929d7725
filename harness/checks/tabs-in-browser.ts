import type { BrowserEntry, Check, Finding, SlotReading } from '../model.ts';

/** In this order. A run that lacks one of them has not shown what it set out to show. */
const PHASES = ['open', 'hold', 'close', 'refresh', 'sleep', 'crash', 'kill'] as const;

/** Behind these tabs are gone, whose connections and slots have to come back. */
const LEAVING: ReadonlySet<string> = new Set(['close', 'crash', 'kill']);

/** What Chromium, Firefox and Safari allow themselves at one host over HTTP/1.1; over HTTP/2 all share one connection. */
const BROWSER_CONNECTIONS = 6;

const MAX_LISTED = 10;

/** Every tab of the browser goes on showing events, whatever is done to it and the others; the target lets go of those that left. */
export const tabsInBrowser: Check = (scenario, { run }) => {
  if (run.config.browser === null) return [];
  const ends = scenario.browser.filter(({ moment }) => moment === 'end');
  const isFed = scenario.feeds.length > 0;
  return PHASES.map((phase): Finding => {
    const entry = ends.find((each) => each.phase === phase);
    const finding = { check: 'tabs-in-browser', scenario: scenario.scenario, subject: phase } as const;
    if (entry === undefined) {
      const reason = `the tabs were not looked at after "${phase}"`;
      return { ...finding, outcome: 'invalid', reason, evidence: {} };
    }
    const before = ends[ends.indexOf(entry) - 1] ?? null;
    const open = entry.tabs.filter(({ state }) => state === 'open');
    const evidence = evidenceOf(entry, open.length);
    const result = (outcome: Finding['outcome'], reason: string): Finding => ({
      ...finding,
      outcome,
      reason,
      evidence,
    });
    if (entry.tabs.length === 0 || (phase !== 'kill' && open.length === 0))
      return result('invalid', 'no tab was open');
    const tabCount = Math.max(...ends.map(({ tabs }) => tabs.length));
    if (entry.tabs.length < tabCount)
      return result('invalid', `only ${entry.tabs.length} of ${tabCount} tabs were looked at`);
    const everShown = entry.tabs.some(({ rowCount }) => rowCount > 0);
    if (phase !== 'kill' && !everShown && !isFed) {
      return result(
        'invalid',
        `none of ${open.length} tabs showed a row in ${inSeconds(entry.waitedMs)}, and no event is known to have been sent: make events with --events-file, or say with --rows what a row is`,
      );
    }
    const silent = isFed || phase === 'kill' ? [] : silentKeys(entry);
    if (silent.length > 0) {
      return result(
        'invalid',
        `no tab of key ${silent.join(', ')} showed anything new in ${inSeconds(entry.waitedMs)}, and no event is known to have been sent: make events with --events-file`,
      );
    }
    const { deadlineMs, elapsedMs } = scenario;
    const isPastDeadline = deadlineMs !== null && entry.elapsedMs - elapsedMs >= deadlineMs;
    const problems = [
      blank(entry, open.length, isPastDeadline ? deadlineMs : null),
      kept(entry, phase),
      slotsKept(entry, scenario.limit),
    ].filter((problem) => problem !== null);
    if (problems.length > 0) return result('fail', problems.join('; '));
    if (phase !== 'kill' && phase !== 'crash' && entry.tabs.some(({ state }) => state === 'crashed')) {
      return result(
        'invalid',
        `${evidence.crashedCount} of ${entry.tabs.length} tabs crashed by themselves: the page may need more memory than this machine has free`,
      );
    }
    const unshown = open.find(({ tab, rowCount }) => rowCount === 0 && !entry.blankTabs.includes(tab));
    if (unshown !== undefined) {
      return result('invalid', `tab ${unshown.tab} has shown no row, and is not among those that are blank`);
    }
    if (LEAVING.has(phase) && entry.sockets === null && entry.slots.length === 0)
      return result('invalid', `neither connections nor slots could be read after "${phase}"`);
    const { limit } = scenario;
    const untried = [...new Set(entry.tabs.map(({ key }) => key))].filter(
      (key) => !entry.slots.some((slot) => slot.key === key && slot.askedCount > (limit ?? 0)),
    );
    if (limit !== null && untried.length > 0)
      return result('invalid', `whether slots came back was not tried for ${untried.join(', ')}`);
    if (
      entry.slots.some(
        ({ acceptedCount, refusedCount, askedCount }) => acceptedCount + refusedCount < askedCount,
      )
    )
      return result('invalid', 'some of the streams that try the slots were neither let in nor refused');
    return result('pass', describe(entry, before, phase, scenario.limit));
  });
};

function evidenceOf(
  entry: BrowserEntry,
  openCount: number,
): Finding['evidence'] & Record<string, string | number | null> {
  const { tabs, blankTabs, waitedMs, sockets, slots, browserVersion } = entry;
  return {
    tabCount: tabs.length,
    openCount,
    blankCount: blankTabs.length,
    crashedCount: tabs.filter(({ state }) => state === 'crashed').length,
    rowCount: tabs.reduce((sum, { rowCount }) => sum + rowCount, 0),
    waitedMs,
    establishedCount: sockets === null ? null : (sockets.established ?? 0),
    closeWaitCount: sockets === null ? null : (sockets.close_wait ?? 0),
    slotsHeldCount: slots.length === 0 ? null : slots.reduce((sum, slot) => sum + heldOf(slot), 0),
    pageErrorCount: tabs.reduce((sum, { errorCount }) => sum + errorCount, 0),
    firstPageError: tabs.find(({ firstError }) => firstError !== null)?.firstError ?? null,
    browserVersion,
  };
}

/** `deadlineMs`: after so long the target has ended the streams that the first tabs had; null: not yet. */
function blank(
  { blankTabs, waitedMs, sockets }: BrowserEntry,
  openCount: number,
  deadlineMs: number | null,
): string | null {
  if (blankTabs.length === 0) return null;
  const list = blankTabs.slice(0, MAX_LISTED).join(', ');
  const some = `${blankTabs.length} of ${openCount} tabs showed nothing new in ${inSeconds(waitedMs)} (${blankTabs.length === 1 ? 'tab' : 'tabs'} ${list})`;
  if (sockets?.established === BROWSER_CONNECTIONS) {
    return `${some}, with ${BROWSER_CONNECTIONS} connections open, which is all that a browser makes to one host over HTTP/1.1: let the tabs share one stream (BroadcastChannel, SharedWorker), or serve HTTP/2`;
  }
  if (deadlineMs !== null) {
    return `${some}, and the target ends streams after ${inSeconds(deadlineMs)}: see that the page opens another by itself, or give a longer --deadline`;
  }
  const count = sockets === null ? '' : `, with ${sockets.established ?? 0} connections open`;
  return `${some}${count}: look at the page's console for what its stream answered`;
}

function kept({ sockets }: BrowserEntry, phase: string): string | null {
  if (sockets === null) return null;
  const { established = 0, close_wait: closeWait = 0 } = sockets;
  if (closeWait > 0)
    return `the target still holds ${closeWait} connections that the browser has closed: look for a missing close listener`;
  return phase === 'kill' && established > 0
    ? `${established} connections are established although the browser is gone`
    : null;
}

/** Keys whose open tabs all showed nothing: without a feed, perhaps because nothing happened. */
function silentKeys({ tabs, blankTabs }: BrowserEntry): string[] {
  const open = tabs.filter(({ state }) => state === 'open');
  const keys = [...new Set(open.map(({ key }) => key))];
  return keys.filter((key) => open.every((tab) => tab.key !== key || blankTabs.includes(tab.tab)));
}

/** Each open tab may hold one slot of its key. */
function slotsKept({ slots }: BrowserEntry, limit: number | null): string | null {
  const bad = slots.find((slot) => limit !== null && heldOf(slot) > slot.tabCount);
  if (bad !== undefined) {
    return `key ${bad.key} had only ${bad.acceptedCount} of ${limit} slots free with ${bad.tabCount} of its tabs open: look for an end that does not release its slot`;
  }
  const over = slots.find(({ acceptedCount }) => limit !== null && acceptedCount > limit);
  return over === undefined
    ? null
    : `key ${over.key} let in ${over.acceptedCount} streams, its limit is ${limit}`;
}

/**
 * Of `limit + 1` streams that were asked for, one is over the limit by itself. What got no answer is not counted: nobody
 * knows whether a slot was missing.
 */
function heldOf({ refusedCount }: SlotReading): number {
  return Math.max(0, refusedCount - 1);
}

function describe(
  entry: BrowserEntry,
  before: BrowserEntry | null,
  phase: string,
  limit: number | null,
): string {
  const { sockets, slots } = entry;
  const open = entry.tabs.filter(({ state }) => state === 'open').length;
  const connections = (some: BrowserEntry | null) => some?.sockets?.established ?? null;
  const [was, is] = [connections(before), sockets === null ? null : (sockets.established ?? 0)];
  const count = is === null ? '' : was === null ? `, over ${is} connections` : `, connections ${was} → ${is}`;
  if (phase === 'kill') {
    const free = limit === null ? '' : `, and all ${limit} slots of ${slots.length} keys were free again`;
    return `the browser was killed${count}${free}`;
  }
  const held = slots.reduce((sum, slot) => sum + heldOf(slot), 0);
  const slotText = slots.length === 0 ? '' : `; they hold ${held} slots`;
  return `all ${open} open tabs showed new rows within ${inSeconds(entry.waitedMs)}${count}${slotText}`;
}

function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

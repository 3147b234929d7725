import type { BrowserEntry, Check, Facts, Finding, Outcome } from '../model.ts';
import { decide, type GrowthDecision } from '../verdict/growth.ts';
import { MIN_CYCLES } from '../verdict/looks.ts';
import type { Point } from '../verdict/theil-sen.ts';
import { bytesInWords } from './words.ts';

/** Readings in which code is still being compiled, and lists are still filled. */
const WARM_UP_READINGS = 4;

/** As for the target: fewer prove no leak, however clear it looks. */
const MIN_LEAK_READINGS = 8;

/** Of the tabs, this part has to be read each time: what the others keep would not be seen. */
const MIN_READ_RATIO = 0.5;

/**
 * The smallest rate that is called a leak, for one row shown in one tab: an event that is kept costs its text and an object,
 * some hundred bytes. The interval of a short run (in the evidence of `hydrotest --scenarios tabs --browser`) has to fit below
 * it; what keeps less than this is not found in so short a time.
 */
const DELTA_BYTES = 150;
/** A row has one node at least. A list that keeps the last ones adds none for good. */
const DELTA_NODES = 0.5;

/** The page itself does not grow with the events that it shows: JavaScript heap and DOM nodes of all tabs, against rows shown. */
export const browserHeap: Check = (scenario, { run }) => {
  if (run.config.browser === null) return [];
  const entries = scenario.browser.filter(({ moment }) => moment === 'heap');
  return [
    judgeLevel(scenario.scenario, 'heap', entries, 'heapBytes', DELTA_BYTES),
    judgeLevel(scenario.scenario, 'DOM nodes', entries, 'nodeCount', DELTA_NODES),
  ];
};

function judgeLevel(
  scenario: string,
  subject: string,
  entries: readonly BrowserEntry[],
  level: 'heapBytes' | 'nodeCount',
  delta: number,
): Finding {
  const read = readTabs(entries, level);
  const all = pointsOf(entries, level, read);
  const points = all.slice(WARM_UP_READINGS);
  const doseBefore = all[WARM_UP_READINGS]?.x ?? 0;
  const grows = points.every(({ x }, i) => i === 0 || x > (points[i - 1]?.x ?? 0));
  const growth =
    points.length < MIN_LEAK_READINGS || !grows
      ? null
      : decide(points, { deltaBytes: delta, doseBefore, isLastLook: true });
  const [first, last] = [points[0], points.at(-1)];
  const words = (value: number) =>
    level === 'heapBytes' ? bytesInWords(value) : `${value.toFixed(2)} nodes`;
  const evidence: Facts = {
    readingCount: points.length,
    tabCount: read.size,
    rowCount: (last?.x ?? 0) - (first?.x ?? 0),
    ...(level === 'heapBytes'
      ? {
          firstHeapBytes: first?.y ?? null,
          lastHeapBytes: last?.y ?? null,
          ratePerRowBytes: growth?.fit.slope ?? null,
          lowPerRowBytes: growth?.fit.low ?? null,
          highPerRowBytes: growth?.fit.high ?? null,
          deltaBytes: delta,
        }
      : {
          firstNodeCount: first?.y ?? null,
          lastNodeCount: last?.y ?? null,
          ratePerRowCount: growth?.fit.slope ?? null,
          firstListenerCount: listenersOf(entries.at(WARM_UP_READINGS), read),
          lastListenerCount: listenersOf(entries.at(-1), read),
        }),
    shape: growth?.shape ?? null,
  };
  const result = (outcome: Outcome, reason: string): Finding => ({
    check: 'browser-heap',
    scenario,
    subject,
    outcome,
    reason,
    evidence,
  });
  if (entries.length === 0) return result('invalid', 'the heap of the tabs was never read');
  const openCount = Math.max(...entries.map(({ tabs }) => tabs.length));
  if (read.size < MIN_READ_RATIO * openCount) {
    return result('inconclusive', `only ${read.size} of ${openCount} tabs could be read each time`);
  }
  if (growth === null) {
    const why = grows ? '' : ' at which more rows had been shown each time';
    return result(
      'inconclusive',
      `there are only ${points.length} readings of the same tabs${why}: hold them longer with --duration`,
    );
  }
  const interval = `${words(growth.fit.slope)} a row (${words(growth.fit.low)} to ${words(growth.fit.high)})`;
  const over = `over ${(evidence.rowCount as number).toLocaleString('en')} rows in ${evidence.tabCount} tabs`;
  return judgeGrowth(growth, points, result, {
    leak: `the page keeps ${interval} ${over}, so a tab that stays open grows for ever: look for an array, a map or a list of elements that is never cut`,
    stable: `the page keeps less than ${words(Math.max(growth.fit.high, 0))} a row, ${over}`,
    open: `whether the page grows is open after ${points.length} readings, ${interval}: hold the tabs longer with --duration`,
  });
}

function judgeGrowth(
  { state }: GrowthDecision,
  points: readonly Point[],
  result: (outcome: Outcome, reason: string) => Finding,
  text: { leak: string; stable: string; open: string },
): Finding {
  if (state === 'leak') return result('fail', text.leak);
  if (state === 'inconclusive' || points.length < MIN_CYCLES) return result('inconclusive', text.open);
  return result('pass', text.stable);
}

/** Numbers of the tabs that could be read at every look: a sum over others would jump. */
function readTabs(entries: readonly BrowserEntry[], level: 'heapBytes' | 'nodeCount'): Set<number> {
  const isRead = (number: number) =>
    entries.every(({ tabs }) =>
      tabs.some(({ tab, [level]: value }) => tab === number && value !== null && value > 0),
    );
  return new Set((entries[0]?.tabs ?? []).map(({ tab }) => tab).filter(isRead));
}

/** Sums over these tabs; x is what they had shown by then. */
function pointsOf(
  entries: readonly BrowserEntry[],
  level: 'heapBytes' | 'nodeCount',
  read: ReadonlySet<number>,
): Point[] {
  if (read.size === 0) return [];
  return entries.map(({ tabs }) => {
    const same = tabs.filter(({ tab }) => read.has(tab));
    return {
      x: same.reduce((sum, { rowCount }) => sum + rowCount, 0),
      y: same.reduce((sum, tab) => sum + (tab[level] ?? 0), 0),
    };
  });
}

function listenersOf(entry: BrowserEntry | undefined, read: ReadonlySet<number>): number | null {
  if (entry === undefined) return null;
  return entry.tabs.reduce(
    (sum, { tab, listenerCount }) => sum + (read.has(tab) ? (listenerCount ?? 0) : 0),
    0,
  );
}

/** What a real browser's ten tabs leave behind on a good page, made up. */
import type { BrowserEntry, TabReading } from '../model.ts';
import { LIMIT } from './records.ts';

export const BROWSER_PHASES = ['open', 'hold', 'close', 'refresh', 'sleep', 'crash', 'kill'];
const TABS = 10;
const READINGS = 22;
const ROWS_PER_READING = 20;
const HEAP_BYTES = 1_200_000;

export const tabOf = (tab: number, change: Partial<TabReading> = {}): TabReading => ({
  tab,
  key: `key-${1 + (tab % 2)}`,
  state: 'open',
  rowCount: 50,
  heapBytes: null,
  nodeCount: null,
  listenerCount: null,
  errorCount: 0,
  firstError: null,
  ...change,
});
export const tabs = (make: (tab: number) => TabReading) =>
  Array.from({ length: TABS }, (_, i) => make(i + 1));

export const entryOf = (change: Partial<BrowserEntry>): BrowserEntry => ({
  type: 'browser',
  scenario: 'tabs',
  elapsedMs: 3000,
  phase: 'open',
  moment: 'end',
  browserVersion: '1.2.3',
  blankTabs: [],
  waitedMs: 1500,
  tabs: tabs((tab) => tabOf(tab)),
  sockets: { established: 2 },
  slots: [1, 2].map((n) => slotOf(`key-${n}`, 1, 5)),
  ...change,
});
export const slotOf = (key: string, held: number, tabCount: number) => ({
  key,
  askedCount: LIMIT + 1,
  acceptedCount: LIMIT - held,
  refusedCount: held + 1,
  tabCount,
});

/** A heap that grows by so many bytes, and a document by so many nodes, for each row of each tab. */
export const heaps = (bytesPerRow: number, nodesPerRow = 0) =>
  Array.from({ length: READINGS }, (_, i) =>
    entryOf({
      phase: 'hold',
      moment: 'heap',
      tabs: tabs((tab) => {
        const rowCount = 100 + i * ROWS_PER_READING;
        // Readings scatter by some hundred bytes, one way and the other.
        const noise = ((i * 7919 + tab * 104_729) % 13) * 30;
        return tabOf(tab, {
          rowCount,
          heapBytes: HEAP_BYTES + rowCount * bytesPerRow + noise,
          nodeCount: 3600 + rowCount * nodesPerRow + (noise % 7),
          listenerCount: 18,
        });
      }),
    }),
  );

export const healthyTabs = (heap = heaps(0)): BrowserEntry[] => [
  ...heap,
  ...BROWSER_PHASES.map((phase) =>
    phase === 'kill'
      ? entryOf({
          phase,
          tabs: tabs((tab) => tabOf(tab, { state: 'closed' })),
          sockets: {},
          slots: [1, 2].map((n) => slotOf(`key-${n}`, 0, 0)),
        })
      : entryOf({ phase }),
  ),
];

import type { CycleEntry, ScenarioRecord } from '../../model.ts';
import type { ScenarioName } from '../records.ts';
import { clear, endEarly, halve, keep, type Standing, set, type Take } from './takeaway.ts';

const CONTROL = 'positive control';
const counts = ({ warmup }: CycleEntry): boolean => !warmup;

/** Of each path on its own, as a run makes them one behind the other. */
function onEachPath({ cycles }: ScenarioRecord, change: (own: CycleEntry[]) => void): void {
  const paths = Map.groupBy(cycles, ({ path }) => path);
  for (const own of paths.values()) change(own);
  const left = new Set([...paths.values()].flat());
  keep(cycles, (cycle) => left.has(cycle));
}

const counted = (own: CycleEntry[]): CycleEntry[] => own.filter(counts);
const readings = ({ cycles }: ScenarioRecord): CycleEntry['reading'][] =>
  cycles.map(({ reading }) => reading);

const ofHeap = {
  'no heap was read': (scenario) => set(readings(scenario), { heap: null }),
  'no heap was read in a third of the cycles': (scenario) =>
    onEachPath(scenario, (own) =>
      set(
        counted(own)
          .filter((_, i) => i % 3 === 0)
          .map(({ reading }) => reading),
        { heap: null },
      ),
    ),
  'a process fewer was read in the second half': (scenario) =>
    onEachPath(scenario, (own) => {
      const half = counted(own).slice(9);
      for (const { reading } of half) if (reading.heap !== null) reading.heap.processCount = 2;
    }),
  'the same heap again and again, of a process that does nothing': (scenario) => {
    const [first] = readings(scenario);
    if (first?.heap == null) return;
    set(readings(scenario), { heap: { ...first.heap }, cpuMs: first.cpuMs });
  },
  'heaps of zero': (scenario) => {
    for (const { heap } of readings(scenario))
      if (heap !== null) Object.assign(heap, { usedBytes: 0, arrayBufferBytes: 0 });
  },
} satisfies Record<string, Take>;

const ofCycles = {
  'no cycle': ({ cycles }) => clear(cycles),
  'no cycle but those that warm up': ({ cycles }) => keep(cycles, ({ warmup }) => warmup),
  'half of the cycles': (scenario) => onEachPath(scenario, halve),
  'cycles end early': (scenario) => onEachPath(scenario, endEarly),
  'a gap in the middle': (scenario) => onEachPath(scenario, (own) => void own.splice(12, 4)),
  'no target was ready': ({ target }) => clear(target),
  'the first process was never ready': ({ target }) => set(target, { attempt: 1 }),
  'cycles of another process': ({ cycles }) => set(cycles.filter(counts), { sameProcesses: false }),
  'processes that change again and again': (scenario) =>
    onEachPath(scenario, (own) =>
      set(
        own.filter((_, i) => i % 4 === 0),
        { sameProcesses: false },
      ),
    ),
  'readings did not settle': (scenario) => set(readings(scenario), { settled: false }),
  'work did not land': ({ cycles }) => set(cycles, { landedDose: 0 }),
  'work landed half': ({ cycles }) => {
    for (const cycle of cycles) cycle.landedDose = cycle.plannedDose / 2;
  },
  'no work was planned': ({ cycles }) => set(cycles, { plannedDose: 0 }),
  'doses of zero': ({ cycles }) =>
    set(
      cycles.map(({ doses }) => doses),
      { connection: 0, event: 0, rejection: 0, second: 0 },
    ),
} satisfies Record<string, Take>;

const onPath = (scenario: ScenarioName, when: string, more: Record<string, Take> = {}): Standing => ({
  scenario,
  when,
  takes: { ...ofCycles, ...ofHeap, ...more },
});

/** The level of all memory in place of the heap. */
const on =
  (leakProbe: 'anonymous' | 'rss'): Take =>
  (scenario) => {
    set(scenario.target, { leakProbe });
    set(readings(scenario), {
      heap: null,
      ...(leakProbe === 'rss' && { anonymousBytes: null, pssBytes: null }),
    });
    for (const [i, reading] of readings(scenario).entries()) {
      reading.rssBytes += (i * 7919) % 8192;
      if (reading.anonymousBytes !== null) reading.anonymousBytes += (i * 7919) % 8192;
    }
    keep(scenario.cycles, ({ path }) => path !== CONTROL);
  };

const withoutPath =
  (path: string): Take =>
  ({ cycles }) =>
    keep(cycles, (cycle) => cycle.path !== path);

export const memoryLeak: Standing[] = [
  onPath('churn', 'of connections', {
    'one path has no cycle': withoutPath('slow reader'),
    'one path is known by the name of another': ({ cycles }) =>
      set(
        cycles.filter(({ path }) => path === 'slow reader'),
        { path: 'abrupt drop' },
      ),
    'no path was named, and no cycle made': (scenario) => {
      scenario.paths = [];
      clear(scenario.cycles);
    },
  }),
  onPath('reject', 'of rejections', {
    'no path was named, and no cycle made': (scenario) => {
      scenario.paths = [];
      clear(scenario.cycles);
    },
  }),
  onPath('growth', 'of events'),
  onPath('timeout', 'at the deadline'),
  {
    scenario: 'reject',
    when: 'of anonymous memory',
    prepare: on('anonymous'),
    takes: {
      ...ofCycles,
      'anonymous memory was not read': (scenario) => set(readings(scenario), { anonymousBytes: null }),
      'a process that does nothing': (scenario) => set(readings(scenario), { cpuMs: 5 }),
      'memory of zero': (scenario) => set(readings(scenario), { anonymousBytes: 0, rssBytes: 0 }),
    },
  },
  {
    scenario: 'reject',
    when: 'of resident memory',
    prepare: on('rss'),
    takes: {
      ...ofCycles,
      'a process that does nothing': (scenario) => set(readings(scenario), { cpuMs: 5 }),
      'memory of zero': (scenario) => set(readings(scenario), { rssBytes: 0 }),
    },
  },
];

const planted = ({ cycles }: ScenarioRecord) => cycles.filter(({ path }) => path === CONTROL);
const idle = ({ cycles }: ScenarioRecord) => cycles.filter(({ path }) => path === 'idle');
const without = (scenario: ScenarioRecord, gone: CycleEntry[]) =>
  keep(scenario.cycles, (cycle) => !gone.includes(cycle));

export const controls: Standing[] = [
  {
    scenario: 'churn',
    when: '',
    takes: {
      'no cycle': ({ cycles }) => clear(cycles),
      'no target was ready': ({ target }) => clear(target),
      'the first process was never ready': ({ target }) => set(target, { attempt: 1 }),
      'nothing was planted': (scenario) => without(scenario, planted(scenario)),
      'what was planted is not known': (scenario) => set(planted(scenario), { plantedBytes: 0 }),
      'half of the cycles in which it was planted': (scenario) =>
        without(
          scenario,
          planted(scenario).filter((_, i) => i % 2 === 0),
        ),
      'the control ends early': (scenario) => without(scenario, planted(scenario).slice(16)),
      'only the warm-up of the control': (scenario) => without(scenario, planted(scenario).filter(counts)),
      'no heap of the control': (scenario) =>
        set(
          planted(scenario).map(({ reading }) => reading),
          { heap: null },
        ),
      'the same heap again and again': (scenario) => {
        const [first] = planted(scenario);
        if (first?.reading.heap != null)
          set(
            planted(scenario).map(({ reading }) => reading),
            { heap: { ...first.reading.heap } },
          );
      },
      'work of the control did not land': (scenario) => set(planted(scenario), { landedDose: 0 }),
      'no idle cycle': (scenario) => without(scenario, idle(scenario)),
      'half of the idle cycles': (scenario) => {
        const half = idle(scenario);
        halve(half);
        halve(half);
        without(
          scenario,
          idle(scenario).filter((cycle) => !half.includes(cycle)),
        );
      },
      'no heap of the idle cycles': (scenario) =>
        set(
          idle(scenario).map(({ reading }) => reading),
          { heap: null },
        ),
      'idle cycles did not settle': (scenario) =>
        set(
          idle(scenario).map(({ reading }) => reading),
          { settled: false },
        ),
      'processes of the idle cycles change': (scenario) => set(idle(scenario), { sameProcesses: false }),
      'all cycles are those of a later process': ({ cycles }) => set(cycles, { attempt: 1 }),
    },
  },
];

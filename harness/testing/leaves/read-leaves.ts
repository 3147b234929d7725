import { checks } from '../../checks/index.ts';
import type { CheckName, JournalEntry, RunRecord, ScenarioRecord } from '../../model.ts';

/** A value in an entry of the journal that is no object: the number of the entry, and the way to the value in it. */
export interface Leaf {
  entryIndex: number;
  path: string[];
}

const TYPE_OF_LIST: Record<string, JournalEntry['type']> = {
  target: 'target',
  phases: 'phase',
  samples: 'sample',
  cycles: 'cycle',
  drains: 'drain',
  skippedPaths: 'path-skipped',
  streams: 'stream',
  tallies: 'tally',
  timings: 'timings',
  loads: 'load',
  held: 'held',
  requests: 'requests',
  levels: 'levels',
  feeds: 'feed',
  browser: 'browser',
};

/** Every leaf that a check looks at while it judges this scenario, as places in the journal's entries. */
export function readLeaves(
  check: CheckName,
  scenario: ScenarioRecord,
  record: RunRecord,
  entries: readonly JournalEntry[],
): Leaf[] {
  const read = new Set<string>();
  const watch = watcher((path) => void read.add(path.join('\n')));
  checks[check](watch(scenario, ['scenario']), watch(record, ['record']));
  return [...read].flatMap((text) => leafOf(text.split('\n'), entries) ?? []);
}

/** Wraps an object so that each leaf that is read in it is told of by its path. The same object has the same wrapper. */
function watcher(onRead: (path: string[]) => void) {
  const wrappers = new Map<object, object>();
  return function watch<Value extends object>(value: Value, path: string[]): Value {
    const known = wrappers.get(value);
    if (known !== undefined) return known as Value;
    const wrapper = new Proxy(value, {
      get(target, name) {
        const part: unknown = Reflect.get(target, name);
        if (typeof name === 'symbol' || typeof part === 'function' || !Object.hasOwn(target, name))
          return part;
        const partPath = [...path, name];
        if (typeof part === 'object' && part !== null) return watch(part, partPath);
        if (!(Array.isArray(target) && name === 'length')) onRead(partPath);
        return part;
      },
    });
    wrappers.set(value, wrapper);
    return wrapper;
  };
}

/** Null: a figure that is made when the journal is read, such as the time at which the run ended. */
function leafOf([root, ...path]: string[], entries: readonly JournalEntry[]): Leaf | null {
  const find = (type: JournalEntry['type'], number = 0) => {
    const all = entries.flatMap((entry, index) => (entry.type === type ? [index] : []));
    return all[number] ?? null;
  };
  const leaf = (entryIndex: number | null, rest: string[]) =>
    entryIndex === null ? null : { entryIndex, path: rest };
  const [first = '', second = '', ...rest] = path;
  if (root === 'record') return first === 'run' ? leaf(0, path.slice(1)) : null;
  if (first === 'endedMs') return leaf(find('scenario-end'), ['elapsedMs']);
  if (first === 'error') return leaf(find('scenario-end'), ['error']);
  const type = TYPE_OF_LIST[first];
  return type === undefined ? leaf(find('scenario'), path) : leaf(find(type, Number(second)), rest);
}

/**
 * What may stand in place of a value that is missing; the same value again: nothing to try. Another value of the right kind is
 * no missing one: what that does to a whole list stands in the table of what each check stands on.
 */
export const MUTATIONS: Record<string, (value: unknown) => unknown> = {
  removed: () => undefined,
  null: () => null,
  negative: (value) => (typeof value === 'number' ? -1 - value : -1),
  'more than a number holds': () => 1e300,
  'a text': (value) => (typeof value === 'string' ? `${value} x` : String(value)),
  'an object': () => ({}),
  'a list': () => [],
};

/** The entries with one leaf replaced, as lines of a journal; null: the leaf is that already. */
export function mutate(
  lines: readonly string[],
  { entryIndex, path }: Leaf,
  change: (value: unknown) => unknown,
): string[] | null {
  const entry: unknown = JSON.parse(lines[entryIndex] as string);
  let at = entry as Record<string, unknown>;
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>;
  const last = path.at(-1) as string;
  const changed = change(at[last]);
  if (changed === at[last]) return null;
  at[last] = changed;
  return lines.with(entryIndex, JSON.stringify(entry));
}

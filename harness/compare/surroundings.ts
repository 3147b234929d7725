import type { EnvironmentFact, FactName, ReportedEnvironment } from '../model.ts';

/** What it is called, the fact, and its value where nobody has set anything. */
const TRAITS: [what: string, name: FactName, usual: string | null][] = [
  ["the target's allocator", 'allocator', 'glibc'],
  ["settings of the target's allocator", 'allocatorSettings', 'none'],
  ["options of the target's runtime", 'runtimeFlags', 'none'],
  ["the target's memory limit", 'memoryLimitBytes', 'none'],
  ["the target's memory.high", 'memoryHighBytes', 'none'],
  ["the target's CPU quota", 'cpuQuotaCores', 'none'],
  ["the target's CPUs", 'allowedCpuCount', null],
  ["the target's NODE_ENV", 'nodeEnv', 'not set'],
  ['huge pages', 'hugePages', 'madvise'],
];

/**
 * What of the surroundings makes runs unlike, as text. Null: not known (not readable, or a journal from before it was read), which is
 * unlike nothing.
 */
export function surroundingsOf({ facts, targets }: ReportedEnvironment): Record<string, string | null> {
  const all = [...facts, ...targets.flatMap((target) => target.facts)];
  return Object.fromEntries(TRAITS.map(([what, name]) => [what, valuesOf(all, name)]));
}

/** The same without what nobody has set, so that a plain run is called what it was called before these were known. */
export function unusualSurroundings(environment: ReportedEnvironment): Record<string, string> {
  const known = surroundingsOf(environment);
  return Object.fromEntries(
    TRAITS.flatMap(([what, name, usual]) => {
      const value = known[what] ?? null;
      const isUsual = value === usual || (name === 'allowedCpuCount' && value === onlineCount(environment));
      return value === null || isUsual ? [] : [[what, value]];
    }),
  );
}

function onlineCount({ facts }: ReportedEnvironment): string | null {
  return valuesOf(facts, 'onlineCpuCount');
}

/** All values of a run's processes; most often it is one. */
function valuesOf(facts: readonly EnvironmentFact[], wanted: FactName): string | null {
  const values = facts.flatMap(({ name, value }) =>
    name === wanted && value !== null ? [wordsOf(name, value)] : [],
  );
  return values.length === 0 ? null : [...new Set(values)].toSorted().join(' / ');
}

function wordsOf(name: FactName, value: NonNullable<EnvironmentFact['value']>): string {
  if (name === 'runtimeFlags') {
    // Where an inspector listens changes nothing that is measured.
    const flags = String(value)
      .split(' ')
      .filter((flag) => !/^--inspect(?:=|$)/.test(flag));
    return flags.toSorted().join(' ') || 'none';
  }
  return name.endsWith('Bytes') && typeof value === 'number' ? `${value} B` : String(value);
}

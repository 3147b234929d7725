import type { Difference, RunConfig, RunMetrics } from '../model.ts';

/** What a machine says of its memory differs a little from one start to the next, as drivers reserve some of it. */
const MEMORY_TOLERANCE = 0.02;

/**
 * What makes runs unlike, so that a difference between them would say nothing of the server: the machine, the harness, and what of the
 * configuration changes what is measured. Every run of both sides is held against the first of the baseline.
 */
export function differencesOf(baseline: readonly RunMetrics[], run: readonly RunMetrics[]): Difference[] {
  const [first, ...others] = [...baseline, ...run];
  if (first === undefined) return [];
  const seen = new Map<string, Difference>();
  for (const other of others) {
    for (const difference of between(first, other)) {
      if (!seen.has(difference.what)) seen.set(difference.what, difference);
    }
  }
  return [...seen.values()];
}

function between(a: RunMetrics, b: RunMetrics): Difference[] {
  const [left, right] = [traitsOf(a), traitsOf(b)];
  const { memoryBytes } = a.environment;
  const memory = Math.abs(b.environment.memoryBytes - memoryBytes) > MEMORY_TOLERANCE * memoryBytes;
  return [
    ...Object.keys(left)
      .filter((what) => left[what] !== right[what])
      .map((what) => ({ what, baseline: left[what] ?? '', run: right[what] ?? '' })),
    ...(memory
      ? [
          {
            what: 'memory of the machine',
            baseline: gigabytes(memoryBytes),
            run: gigabytes(b.environment.memoryBytes),
          },
        ]
      : []),
  ];
}

/** As text, so that it can be both compared and shown. */
export function traitsOf({
  environment,
  config,
}: Pick<RunMetrics, 'environment' | 'config'>): Record<string, string> {
  return {
    'CPU model': environment.cpuModel,
    'number of CPUs': String(environment.cpuCount),
    platform: environment.platform,
    "hydrotest's Node": environment.nodeVersion,
    hydrotest: environment.hydrotestVersion,
    ...configTraits(config),
  };
}

/** Not the command, ports, keys, folders and the seed: these are what may differ. */
function configTraits(config: RunConfig): Record<string, string> {
  const seconds = (ms: number | null) => (ms === null ? 'none' : `${ms / 1000} s`);
  const list = (names: string[]) => (names.length === 0 ? 'all' : names.toSorted().join(', '));
  return {
    'way to the target': config.target.mode === 'spawn' ? 'started' : 'attached',
    '--limit': String(config.limit ?? 'none'),
    '--deadline': seconds(config.deadlineMs),
    '--budget': `${config.budgetBytes} B`,
    '--duration': seconds(config.durationMs),
    '--grace': seconds(config.graceMs),
    '--scenarios': list(config.scenarios),
    '--paths': list(config.paths),
    'load of hold': JSON.stringify(config.load),
    '--event-time': config.eventTime ?? 'none',
    '--events-file': config.eventsFile === null ? 'none' : 'given',
    '--page': config.page === null ? 'none' : 'given',
    'reading the heap': config.inspect
      ? config.openInspector
        ? 'yes, and opening inspectors'
        : 'yes'
      : 'no',
    'a key for each stream': config.url.includes('{key}') ? 'yes' : 'no',
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

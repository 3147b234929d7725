import type { Difference, ProtocolPlan, RunConfig, RunMetrics } from '../model.ts';
import { surroundingsOf, unusualSurroundings } from './surroundings.ts';

/** What a machine says of its memory differs a little from one start to the next, as drivers reserve some of it. */
const MEMORY_TOLERANCE = 0.02;

/** Of what clients say: a body may be long. */
const MOST_SHOWN = 200;

/**
 * What makes runs unlike, so that a difference between them would say nothing of the server: the machine, the harness, what of the
 * configuration changes what is measured, and what the target was started with and in. Every run of both sides is held against the first of the baseline.
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
  const [left, right] = [fixedTraits(a), fixedTraits(b)];
  const [around, other] = [surroundingsOf(a.environment), surroundingsOf(b.environment)];
  const { memoryBytes } = a.environment;
  const memory = Math.abs(b.environment.memoryBytes - memoryBytes) > MEMORY_TOLERANCE * memoryBytes;
  return [
    ...Object.keys({ ...left, ...right })
      .filter((what) => left[what] !== right[what])
      .map((what) => ({ what, baseline: left[what] ?? 'default', run: right[what] ?? 'default' })),
    ...Object.keys(around).flatMap((what) => {
      const [was, is] = [around[what] ?? null, other[what] ?? null];
      return was === null || is === null || was === is ? [] : [{ what, baseline: was, run: is }];
    }),
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

type Traits = Pick<RunMetrics, 'environment' | 'config'>;

/** What runs that can be compared have in common. */
export function traitsOf(run: Traits): Record<string, string> {
  return { ...fixedTraits(run), ...unusualSurroundings(run.environment) };
}

/** As text, so that it can be both compared and shown. */
function fixedTraits({ environment, config }: Traits): Record<string, string> {
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
    'where events are written': config.events?.to ?? 'nowhere',
    '--page': config.page === null ? 'none' : 'given',
    'reading the heap': config.inspect
      ? config.openInspector
        ? 'yes, and opening inspectors'
        : 'yes'
      : 'no',
    'a key for each stream': config.url.includes('{key}') ? 'yes' : 'no',
    ...protocolTraits(config.protocol),
  };
}

/** Nothing for Server-Sent Events as browsers ask for them: runs from before there was anything else are like these. */
function protocolTraits({
  name,
  body,
  sends,
  replies,
  event,
  session,
}: ProtocolPlan): Record<string, string> {
  const said = JSON.stringify({ body, sends, replies });
  const isSilent = body === null && sends.length === 0 && Object.keys(replies).length === 0;
  return {
    ...(name !== 'sse' && { '--protocol': name }),
    ...(!isSilent && {
      'what clients say': said.length > MOST_SHOWN ? `${said.slice(0, MOST_SHOWN)}…` : said,
    }),
    ...(event !== null && { '--event': JSON.stringify(event) }),
    ...(session !== null && { session }),
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

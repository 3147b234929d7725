/** What stands in the entries of a journal, for reading them back: see journal-entry.ts. */
import * as z from 'zod';
import type {
  BehaviourName,
  CheckName,
  DoseUnit,
  EncodedTimings,
  Environment,
  EnvironmentFact,
  GeneratorHealth,
  ProcessReading,
  ProtocolName,
  ProtocolPlan,
  QuietReading,
  RunConfig,
  StreamEnding,
  TabReading,
  TargetEntry,
} from './model.ts';
import { Timings } from './timings.ts';

export const text = z.string();
export const names = z.array(text);

/**
 * A count, a number of bytes, a time: never negative, in fractions where it was measured so, and not larger than what a number
 * holds exactly, which is 9 PB or 285,000 years.
 */
export const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** Names as the keys of an object that has each of them: a name that is added to the model and not here is an error of types. */
type All<Name extends string> = Record<Name, true>;

export function oneOf<Name extends string>(all: All<Name>): z.ZodType<Name, Name> {
  return z.enum(Object.keys(all) as [Name, ...Name[]]) as unknown as z.ZodType<Name, Name>;
}

export const CHECKS: All<CheckName> = {
  'memory-budget': true,
  'memory-leak': true,
  controls: true,
  'connection-limit': true,
  'slots-released': true,
  'timeout-close': true,
  'streams-held': true,
  'tabs-in-browser': true,
  'browser-heap': true,
  'load-held': true,
  'generator-health': true,
  'event-integrity': true,
  rejections: true,
  responsiveness: true,
  'history-cost': true,
  cleanup: true,
  'load-landed': true,
  'target-alive': true,
};

export const BEHAVIOURS: All<BehaviourName> = {
  tab: true,
  'graceful-close': true,
  'abrupt-drop': true,
  'drop-before-first-byte': true,
  'drop-mid-event': true,
  'slow-reader': true,
  'stalled-reader': true,
  'request-then-silence': true,
  'half-close': true,
  'half-open': true,
  reconnect: true,
  'reconnect-storm': true,
  pipelined: true,
  'http-1.0': true,
  'keeping-proxy': true,
  'random-lifetime': true,
};

export const ENDINGS: All<StreamEnding> = {
  client: true,
  'server-end': true,
  refused: true,
  'server-reset': true,
  'connect-failed': true,
  'protocol-error': true,
};

export const TARGET_EVENTS: All<TargetEntry['event']> = {
  ready: true,
  lost: true,
  starved: true,
  stopped: true,
  continued: true,
  replaced: true,
};

/** A histogram of times takes up to 20 KB; one that is larger may be made to fill memory when it is unpacked. */
const maxHistogramLength = 64 * 1024;

/** Histograms that can be read: a judge of a damaged one has nothing to say. */
export const timings = z
  .partialRecord(
    z.enum(['firstByte', 'firstEvent', 'event', 'duration', 'lateness']),
    text.max(maxHistogramLength),
  )
  .refine((encoded) => {
    try {
      new Timings().add(encoded as EncodedTimings);
      return true;
    } catch {
      return false;
    }
  });

export const UNITS: All<DoseUnit> = { connection: true, event: true, rejection: true, second: true };

export const sockets = z.record(z.string(), count);

const process = {
  processCount: count,
  rssBytes: count,
  swapBytes: count.nullable(),
  peakRssBytes: count.nullable(),
  cpuMs: count,
  threadCount: count.nullable(),
  fdCount: count.nullable(),
};

export const reading: z.ZodType<ProcessReading> = z.looseObject({ ...process, sockets: sockets.nullable() });

export const quietReading: z.ZodType<QuietReading> = z.looseObject({
  ...process,
  pssBytes: count.nullable(),
  anonymousBytes: count.nullable(),
  heap: z
    .looseObject({
      usedBytes: count,
      arrayBufferBytes: count,
      externalBytes: count.nullable(),
      processCount: count,
    })
    .nullable(),
  settled: z.boolean(),
});

/** Journals from before samples were thinned out lack the last two: each sample stands for itself there. */
const inLaterJournals = count.optional() as unknown as z.ZodType<number>;

export const sample = {
  ...process,
  sockets: sockets.nullable(),
  openStreamCount: count,
  eventCount: count,
  readingCount: inLaterJournals,
  highestRssBytes: inLaterJournals,
};

export const health: z.ZodType<GeneratorHealth> = z.looseObject({
  workerCount: count,
  loopDelayP99Ms: count,
  loopDelayMaxMs: count,
  busiestCores: count,
  cores: count,
  rssBytes: count,
  emptyRssBytes: count,
  heapUsedBytes: count,
});

export const tabReading: z.ZodType<TabReading> = z.looseObject({
  tab: count,
  key: text,
  state: z.enum(['open', 'asleep', 'crashed', 'closed']),
  rowCount: count,
  heapBytes: count.nullable(),
  nodeCount: count.nullable(),
  listenerCount: count.nullable(),
  errorCount: count,
  firstError: text.nullable(),
});

export const PROTOCOLS: All<ProtocolName> = {
  sse: true,
  'sse-post': true,
  ndjson: true,
  chunked: true,
  websocket: true,
  'sse-h2': true,
};

const messageRule = z.discriminatedUnion('on', [
  z.looseObject({ on: z.enum(['event', 'data']), value: text }),
  z.looseObject({ on: z.literal('property'), path: names, value: text }),
]);

const protocolPlan: z.ZodType<ProtocolPlan> = z.looseObject({
  name: oneOf(PROTOCOLS),
  body: text.nullable(),
  sends: names,
  replies: z.record(text, text),
  event: messageRule.nullable(),
  end: messageRule.nullable(),
  eventId: names.nullable(),
  refusals: z.array(z.string().regex(/^(\d{3}|close \d{1,5}|error -?\d{1,6})$/)).min(1),
  session: z.literal('mcp').nullable(),
});

/** What a verdict reads of it, and what is shown of every run; the rest may be lacking in a journal of another version. */
export const runConfig = z.looseObject({
  target: z.discriminatedUnion('mode', [
    z.looseObject({ mode: z.literal('spawn'), command: text }),
    z.looseObject({ mode: z.literal('attach'), pid: count }),
    z.looseObject({ mode: z.literal('attach-port'), port: count }),
  ]),
  url: text,
  key: text,
  headers: z.record(text, text),
  protocol: protocolPlan,
  preset: text.nullable(),
  remote: z
    .looseObject({
      addresses: z.record(text, names),
      mostPerSecond: count,
      expected: z.looseObject({ streamCount: count, connectionCount: count, requestCount: count }),
    })
    .nullish(),
  seed: count,
  page: text.nullable(),
  browser: z.looseObject({}).nullable(),
  events: z.looseObject({ to: z.enum(['file', 'url']), at: text }).nullable(),
  limit: count.nullable(),
  deadlineMs: count.nullable(),
  budgetBytes: count.positive(),
  durationMs: count,
  load: z.looseObject({ model: z.enum(['closed', 'open']), asked: z.boolean() }),
  scenarios: names,
  paths: names,
  trafficPerSecond: count.nullable(),
}) as unknown as z.ZodType<RunConfig>;

/** Its name says which kind of value it has; warnings are all that is made of it. */
export const facts = z.array(
  z.looseObject({
    name: text,
    value: z.union([text, z.number(), z.boolean()]).nullable(),
    source: text,
  }),
) as unknown as z.ZodType<EnvironmentFact[]>;

export const environment = z.looseObject({
  hydrotestVersion: text,
  nodeVersion: text,
  platform: text,
  cpuModel: text,
  cpuCount: count,
  memoryBytes: count,
  facts,
}) as unknown as z.ZodType<Environment>;

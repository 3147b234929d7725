import * as z from 'zod';
import { printableJson } from '../reports/printable-json.ts';
import {
  BEHAVIOURS,
  CHECKS,
  count,
  ENDINGS,
  environment,
  facts,
  health,
  names,
  oneOf,
  quietReading,
  reading,
  runConfig,
  sample,
  sockets,
  TARGET_EVENTS,
  tabReading,
  text,
  timings,
  UNITS,
} from './journal-schemas.ts';
import type { JournalEntry } from './model.ts';
import { defaultPlan } from './streams/conversation.ts';

type OfType<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** What every line that belongs to a scenario has. */
const inScenario = { scenario: text, elapsedMs: count };

/** What one stream, or all of a tally together, got and missed. */
const received = {
  eventCount: count,
  byteCount: count,
  gapCount: count,
  duplicateCount: count,
  fedEventCount: count,
  fedGapCount: count,
  fedDuplicateCount: count,
};

/**
 * What has to stand in a line of each type, and of which kind. Further properties may stand beside, which a later version wrote.
 * A new property that a verdict reads has to be added here: otherwise a line without it would be taken for whole.
 */
const SCHEMAS: { [Type in JournalEntry['type']]: z.ZodType<OfType<Type>> } = {
  run: z.looseObject({
    type: z.literal('run'),
    journalVersion: z.literal(2),
    runId: text,
    startedAt: text,
    repeatCommand: text,
    config: runConfig,
    environment,
  }),
  scenario: z.looseObject({
    type: z.literal('scenario'),
    ...inScenario,
    proves: text,
    checks: z.array(oneOf(CHECKS)),
    paths: z.array(text),
    command: text.nullable(),
    limit: count.nullable(),
    deadlineMs: count.nullable(),
  }),
  skipped: z.looseObject({ type: z.literal('skipped'), ...inScenario, proves: text, reason: text }),
  target: z.looseObject({
    type: z.literal('target'),
    ...inScenario,
    event: oneOf(TARGET_EVENTS),
    attempt: count,
    pid: count,
    leakProbe: z.enum(['heap', 'anonymous', 'rss']),
    listens: z.boolean().nullable(),
    detail: text.nullable(),
  }),
  environment: z.looseObject({
    type: z.literal('environment'),
    ...inScenario,
    attempt: count,
    moment: z.enum(['start', 'end']),
    facts,
  }),
  phase: z.looseObject({ type: z.literal('phase'), ...inScenario, phase: text }),
  sample: z.looseObject({ type: z.literal('sample'), ...inScenario, phase: text, ...sample }),
  gap: z.looseObject({ type: z.literal('gap'), ...inScenario, probe: text, reason: text }),
  cycle: z.looseObject({
    type: z.literal('cycle'),
    ...inScenario,
    path: text,
    unit: oneOf(UNITS),
    attempt: count,
    warmup: z.boolean(),
    look: count,
    plannedDose: count,
    landedDose: count,
    doses: z.looseObject({ connection: count, event: count, rejection: count, second: count }),
    plantedBytes: count,
    quiet: z.boolean(),
    sameProcesses: z.boolean(),
    reading: quietReading,
  }),
  drain: z.looseObject({
    type: z.literal('drain'),
    ...inScenario,
    attempt: count,
    moment: z.enum(['before', 'after']),
    paths: names,
    waitedMs: count,
    reading: quietReading,
  }),
  'path-skipped': z.looseObject({ type: z.literal('path-skipped'), ...inScenario, path: text, reason: text }),
  stream: z.looseObject({
    type: z.literal('stream'),
    ...inScenario,
    phase: text,
    behaviour: oneOf(BEHAVIOURS),
    key: text,
    status: count.nullable(),
    answer: z.enum(['accepted', 'limited', 'other']).nullable(),
    firstByteMs: count.nullable(),
    firstEventMs: count.nullable(),
    durationMs: count,
    ...received,
    reconnectCount: count,
    idScheme: z.enum(['offset', 'sequence', 'opaque', 'none']),
    ending: oneOf(ENDINGS),
    closeReason: text.nullable(),
    closeEventMs: count.nullable(),
    retryAfter: text.nullable(),
    error: text.nullable(),
  }),
  tally: z.looseObject({
    type: z.literal('tally'),
    ...inScenario,
    phase: text,
    behaviour: oneOf(BEHAVIOURS),
    streamCount: count,
    endings: z.partialRecord(oneOf(ENDINGS), count),
    statuses: z.record(z.string(), count),
    ...received,
    silentCount: count,
    reconnectCount: count,
    lastError: text.nullable(),
  }),
  timings: z.looseObject({
    type: z.literal('timings'),
    ...inScenario,
    phase: text,
    behaviour: oneOf(BEHAVIOURS),
    timings,
  }) as unknown as z.ZodType<OfType<'timings'>>,
  load: z.looseObject({
    type: z.literal('load'),
    ...inScenario,
    phase: text,
    model: z.enum(['closed', 'open']),
    plannedCount: count,
    heldCount: count,
    startedCount: count,
    missedCount: count,
    fedEventCount: count,
    keyCount: count,
    health,
  }),
  held: z.looseObject({
    type: z.literal('held'),
    ...inScenario,
    moment: z.enum(['empty', 'held']),
    heldCountBefore: count,
    heldCountAfter: count,
    reading: quietReading,
  }),
  requests: z.looseObject({
    type: z.literal('requests'),
    ...inScenario,
    phase: text,
    label: z.enum(['flood', 'page']),
    plannedCount: count,
    statuses: z.record(z.string(), count),
    errorCount: count,
    timeoutCount: count,
    latencyMs: z.looseObject({ p50: count, p99: count, max: count }),
    problem: text.optional() as unknown as z.ZodType<string>,
  }),
  levels: z.looseObject({
    type: z.literal('levels'),
    ...inScenario,
    moment: z.enum(['before', 'after']),
    waitedMs: count,
    reading,
  }),
  feed: z.looseObject({
    type: z.literal('feed'),
    ...inScenario,
    phase: text,
    key: text,
    eventCount: count,
    byteCount: count,
  }),
  browser: z.looseObject({
    type: z.literal('browser'),
    ...inScenario,
    phase: text,
    moment: z.enum(['heap', 'end']),
    browserVersion: text,
    blankTabs: z.array(count),
    waitedMs: count,
    tabs: z.array(tabReading),
    sockets: sockets.nullable(),
    slots: z.array(
      z.looseObject({
        key: text,
        askedCount: count,
        acceptedCount: count,
        refusedCount: count,
        tabCount: count,
      }),
    ),
  }),
  'scenario-end': z.looseObject({ type: z.literal('scenario-end'), ...inScenario, error: text.nullable() }),
  interrupted: z.looseObject({ type: z.literal('interrupted'), elapsedMs: count, reason: text }),
  end: z.looseObject({ type: z.literal('end'), elapsedMs: count }),
};

/** The number of the line that an entry stands in, from 1 on: a line that is lost leaves a gap, wherever it stood. */
const numbered = z.looseObject({ line: z.int().min(1) });

/** An entry as a line of the journal, without its line feed. */
export function lineOf(entry: JournalEntry, number: number): string {
  return printableJson({ ...entry, line: number });
}

/**
 * An entry of the journal from one of its lines, and the line's number. Null: torn, not of hydrotest, or without something that
 * belongs to an entry of its type: a part of an entry would be judged as if it were the whole.
 */
export function parseLine(text: string): { entry: JournalEntry; number: number } | null {
  try {
    const { line, ...value } = numbered.parse(JSON.parse(text));
    const { type } = value;
    if (typeof type !== 'string' || !Object.hasOwn(SCHEMAS, type)) return null;
    if (!SCHEMAS[type as JournalEntry['type']].safeParse(value).success) return null;
    const entry = value as unknown as JournalEntry;
    return { entry: entry.type === 'run' ? withProtocol(entry) : entry, number: line };
  } catch {
    return null;
  }
}

/** Journals from before there were several protocols do not name theirs. */
function withProtocol(entry: OfType<'run'>): OfType<'run'> {
  const { protocol = defaultPlan, preset = null } = entry.config;
  return { ...entry, config: { ...entry.config, protocol, preset } };
}

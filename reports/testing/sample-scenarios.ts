/** The eight scenarios as a run leaves them: phases, a reading a second, totals. */
import type { Finding, Outcome, ScenarioReport, SeriesPoint, TimingRow } from '../../harness/model.ts';
import { endsOf, readingsOf, trendsOf } from './sample-course.ts';

export const MB = 1_000_000;

export interface Shape {
  name: string;
  proves: string;
  seconds: number;
  phases: string[];
  rssMB: [start: number, end: number];
  streams: number;
  events: number;
  /** Streams open at once in the middle phases. */
  open: number;
}

export const shapes = {
  tabs: {
    name: 'tabs',
    proves:
      '10 browser tabs over 2 workflows are held for the whole duration, and memory stays under the budget.',
    seconds: 30,
    phases: ['open', 'hold', 'close'],
    rssMB: [61, 66],
    streams: 10,
    events: 620,
    open: 10,
  },
  limit: {
    name: 'limit',
    proves:
      'Of 20 streams opened at once on one key exactly 5 are let in, 15 are refused with 429, and every slot comes back.',
    seconds: 6,
    phases: ['burst', 'drain', 'again'],
    rssMB: [60, 63],
    streams: 25,
    events: 125,
    open: 5,
  },
  timeout: {
    name: 'timeout',
    proves: 'A stream that reaches its deadline gets a close event with its reason, and ends on time.',
    seconds: 9,
    phases: ['open', 'wait', 'closed'],
    rssMB: [60, 61],
    streams: 5,
    events: 55,
    open: 5,
  },
  churn: {
    name: 'churn',
    proves: '20,000 connections that end in every way leave nothing behind.',
    seconds: 58,
    phases: ['warm-up', 'graceful close', 'abrupt drop', 'drop before the first byte', 'settle'],
    rssMB: [62, 83.4],
    streams: 24_960,
    events: 74_880,
    open: 40,
  },
  reject: {
    name: 'reject',
    proves: 'A flood against a full limit is refused with 429 throughout and costs no memory.',
    seconds: 14,
    phases: ['fill', 'flood', 'settle'],
    rssMB: [62, 71],
    streams: 5,
    events: 25,
    open: 5,
  },
  growth: {
    name: 'growth',
    proves:
      'While the file grows by 200 MB under held streams every event arrives once, memory is flat, and the page answers.',
    seconds: 26,
    phases: ['open', 'grow', 'close'],
    rssMB: [63, 92],
    streams: 10,
    events: 400_000,
    open: 10,
  },
  history: {
    name: 'history',
    proves:
      'With a history of 1 GB the first event comes as soon, and costs as much memory, as with a small one.',
    seconds: 12,
    phases: ['small file', 'large file'],
    rssMB: [61, 68],
    streams: 12,
    events: 12_000,
    open: 6,
  },
  orphans: {
    name: 'orphans',
    proves: 'After everything, file descriptors, sockets and streams are back to the level before.',
    seconds: 8,
    phases: ['before', 'work', 'after'],
    rssMB: [60, 62],
    streams: 200,
    events: 1_000,
    open: 50,
  },
} satisfies Record<string, Shape>;

/** A smooth and slightly noisy rise from start to end, a reading a second. */
function seriesOf(shape: Shape, startedMs: number, everyMs = 1000): SeriesPoint[] {
  const count = Math.max(2, Math.round((shape.seconds * 1000) / everyMs));
  const [start, end] = shape.rssMB;
  return Array.from({ length: count }, (_, index) => {
    const part = index / (count - 1);
    const noise = Math.sin(index * 12.9898) * 0.9 + Math.sin(index * 4.1) * 0.5;
    const held = part > 0.12 && part < 0.88 ? shape.open : 0;
    return {
      elapsedMs: startedMs + index * everyMs + 3,
      rssBytes: Math.round((start + (end - start) * (1 - (1 - part) ** 2) + noise) * MB),
      openStreamCount: held,
      eventCount: Math.round(shape.events * part),
      eventsPerSecond: index === 0 ? null : (shape.events / (count - 1)) * (1000 / everyMs),
      fdCount: 24 + held,
    };
  });
}

export function scenarioOf(
  shape: Shape,
  startedMs: number,
  findings: Finding[],
  everyMs = 1000,
): ScenarioReport {
  const series = seriesOf(shape, startedMs, everyMs);
  const first = findings.find(({ outcome }) => outcome !== 'pass') ?? findings[0];
  const rank: Outcome[] = ['fail', 'invalid', 'inconclusive', 'pass'];
  return {
    scenario: shape.name,
    proves: shape.proves,
    shown: first?.reason ?? 'nothing was checked',
    outcome: rank.find((outcome) => findings.some((finding) => finding.outcome === outcome)) ?? 'invalid',
    command: 'node server/main.ts --port 41873 --dir /tmp/hydrotest-1f0c --limit 5 --deadline 3600',
    startedMs,
    durationMs: shape.seconds * 1000 + 412,
    leakProbe: 'heap',
    peakRssBytes: peakBytesOf(shape),
    streamCount: shape.streams,
    eventCount: shape.events,
    phases: shape.phases.map((phase, index) => ({
      phase,
      elapsedMs: startedMs + Math.round((shape.seconds * 1000 * index) / shape.phases.length),
    })),
    gaps: [],
    findings,
    timings: timingsOf(shape),
    series,
    readings: readingsOf(series),
    trends: trendsOf(findings, startedMs, shape.seconds * 1000),
    ends: endsOf(shape.streams, startedMs, shape.seconds * 1000),
  };
}

/** Times are those of a quick server on the same machine; only a scenario with many streams has them. */
function timingsOf({ streams, events }: Shape): TimingRow[] {
  if (streams < 100) return [];
  const summary = (count: number, p50Ms: number) => ({
    count,
    meanMs: p50Ms * 1.2,
    p50Ms,
    p90Ms: p50Ms * 1.6,
    p99Ms: p50Ms * 4,
    p999Ms: p50Ms * 21,
    maxMs: p50Ms * 40,
  });
  return [
    {
      behaviour: 'graceful-close',
      firstByte: summary(streams, 1.9),
      firstEvent: summary(streams, 2.6),
      event: summary(events, 0.8),
      duration: summary(streams, 104),
      lateness: null,
    },
    {
      behaviour: 'abrupt-drop',
      firstByte: summary(streams, 2.1),
      firstEvent: summary(streams, 2.9),
      event: null,
      duration: summary(streams, 31),
      lateness: null,
    },
  ];
}

/** A little above the highest sample, as the kernel's high-water mark is. */
const peakBytesOf = ({ rssMB: [, end] }: Shape) => Math.round((end + 1.7) * MB);

import { Counter, Gauge, Registry } from 'prom-client';
import type { ConnectionRoom } from '../connection-room.ts';
import { openDescriptors } from '../descriptors.ts';
import type { EventLog } from '../event-log/types.ts';
import type { Stream } from '../stream.ts';
import { protocols } from '../transport.ts';
import { createLoopDelayMonitor } from './loop-delay.ts';
import type { Tally } from './tally.ts';

export interface MetricsOptions {
  tally: Tally;
  openStreams: ReadonlySet<Stream>;
  eventLog: EventLog;
  room: ConnectionRoom;
  readonly sessionCount: number;
}

export interface Metrics {
  contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
  /** Idempotent. */
  close(): void;
}

/**
 * What a scrape reads, and nothing else does: every figure is a count that the server has anyway, or is looked up when it is asked
 * for. Labels have few values that are known beforehand; a workflow id, of which there may be any number, is none.
 */
export function createMetrics(options: MetricsOptions): Metrics {
  const { tally, openStreams, eventLog, room } = options;
  const registry = new Registry();
  const loopDelay = createLoopDelayMonitor();

  gauge('sse_open_streams', 'Streams that are open.', 'protocol', () =>
    Object.fromEntries(protocols.map((protocol) => [protocol, countOf(protocol)])),
  );
  counter('sse_streams_ended_total', 'Streams that have ended.', 'reason', () => tally.ended);
  counter('sse_streams_rejected_total', 'Streams that were refused.', 'scope', () => tally.rejected);
  counter('sse_events_sent_total', 'Events handed to connections.', null, () =>
    sumOf(({ events }) => events, tally.sent.events),
  );
  counter('sse_bytes_sent_total', 'Bytes of streams handed to connections.', null, () =>
    sumOf(({ bytes }) => bytes, tally.sent.bytes),
  );
  gauge('sse_queued_bytes', 'Bytes that wait in the process for clients.', null, () =>
    sumOf(({ queuedBytes }) => queuedBytes, 0),
  );
  gauge('sse_longest_queue_bytes', 'Bytes that wait for the client with the most.', null, () => {
    let longest = 0;
    for (const { queuedBytes } of openStreams) longest = Math.max(longest, queuedBytes);
    return longest;
  });
  gauge('sse_open_tails', 'Event logs that are followed.', null, () => eventLog.openTailCount);
  gauge('sse_tail_lag_bytes', 'Bytes of an event log that no stream has had yet: the most.', null, () =>
    eventLog.tailLagBytes(),
  );
  gauge('sse_connections', 'Connections.', 'state', () => ({
    streaming: room.connectionCount - room.waitingCount,
    waiting: room.waitingCount,
  }));
  gauge('sse_http2_sessions', 'Sessions of HTTP/2.', null, () => options.sessionCount);
  processMetrics();

  function countOf(wanted: string): number {
    let count = 0;
    for (const { protocol } of openStreams) if (protocol === wanted) count += 1;
    return count;
  }
  function sumOf(read: (stream: Stream) => number, start: number): number {
    let sum = start;
    for (const stream of openStreams) sum += read(stream);
    return sum;
  }

  function processMetrics(): void {
    const startedAtSeconds = Math.round(Date.now() / 1000 - process.uptime());
    gauge('process_start_time_seconds', 'When the process began.', null, () => startedAtSeconds);
    counter('process_cpu_seconds_total', 'CPU time, user and system.', null, () => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1e6;
    });
    gauge('process_resident_memory_bytes', 'Memory of the process.', null, () => process.memoryUsage.rss());
    gauge('process_open_fds', 'Descriptors that are open.', null, openDescriptors);
    gauge(
      'nodejs_heap_size_used_bytes',
      'Objects on the heap of V8.',
      null,
      () => process.memoryUsage().heapUsed,
    );
    gauge(
      'nodejs_external_memory_bytes',
      'Memory outside of it, buffers included.',
      null,
      () => process.memoryUsage().external,
    );
    gauge(
      'nodejs_eventloop_delay_seconds',
      'What timers came too late since the last scrape.',
      'quantile',
      () => {
        const delay = loopDelay.read();
        return delay === null ? {} : { '0.5': delay.p50, '0.99': delay.p99, '1': delay.max };
      },
    );
  }

  type Values = number | Readonly<Record<string, number>>;

  function gauge(name: string, help: string, label: string | null, read: () => Values): void {
    new Gauge({
      name,
      help,
      labelNames: label === null ? [] : [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of labelled(label, read())) this.set(labels, value);
      },
    });
  }
  /** Of a number that only grows: it is read anew each time. */
  function counter(name: string, help: string, label: string | null, read: () => Values): void {
    new Counter({
      name,
      help,
      labelNames: label === null ? [] : [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [labels, value] of labelled(label, read())) this.inc(labels, value);
      },
    });
  }
  function labelled(label: string | null, values: Values): [Record<string, string>, number][] {
    if (typeof values === 'number') return [[{}, values]];
    return Object.entries(values).map(([value, count]) => [label === null ? {} : { [label]: value }, count]);
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    close: () => loopDelay.close(),
  };
}

import { median } from '../../harness/verdict/theil-sen.ts';
import { numberedLine, startClient } from './client.ts';
import type { Measurement, MeasureOptions, Row } from './measurement.ts';
import { type ProcessMemory, startReferenceServer } from './reference-server.ts';

const KiB = 1024;
const MAX_KIB = 20;
/** Few at a time: what node:http keeps of them for the next connections would be missing from the figure. */
const WARM_UP_STREAMS = 5;
const WARM_UP_ROUNDS = 40;
const HISTORY_LINES = 10;

/** Streams of one workflow, or of as many workflows as five streams each make: the default limit. */
const SHAPES = [
  { name: 'one workflow', streamsEach: Number.POSITIVE_INFINITY },
  { name: '5 a workflow', streamsEach: 5 },
] as const;

interface Level extends ProcessMemory {
  /** RSS before the bench made the server collect its garbage: what an operator sees. */
  asServedBytes: number;
  liveBytes: number;
}

export type BytesPerStream = Record<keyof Level, number>;

/**
 * Memory that one held stream takes of the server: the difference between so many streams and none, after every stream had its
 * history and a live event. Each figure is of a server of its own, warmed up by streams that are gone again.
 */
export async function measureMemory({ rounds, quick }: MeasureOptions): Promise<Measurement> {
  const counts = quick ? [1_000] : [1_000, 5_000, 15_000];
  const rows: Row[] = [];
  for (const { name, streamsEach } of SHAPES) {
    for (const streamCount of counts) {
      const results: BytesPerStream[] = [];
      for (let round = 0; round < rounds; round += 1)
        results.push(await measureStreams(streamCount, Math.min(streamsEach, streamCount)));
      const kib = (of: keyof Level) => median(results.map((result) => result[of])) / KiB;
      rows.push({
        what: `${streamCount.toLocaleString('en')} streams, ${name}`,
        figures: {
          RSS: kib('asServedBytes').toFixed(1),
          'RSS after gc': kib('rssBytes').toFixed(1),
          'PSS after gc': kib('pssBytes').toFixed(1),
          'live heap + external': kib('liveBytes').toFixed(1),
        },
        ok: Math.max(kib('asServedBytes'), kib('rssBytes'), kib('pssBytes'), kib('liveBytes')) <= MAX_KIB,
      });
    }
  }
  return { title: 'Memory a held stream, KiB', target: `at most ${MAX_KIB} KiB`, rows };
}

/** @param options of the server, as on its command line */
export async function measureStreams(
  streamCount: number,
  streamsEach: number,
  options: readonly string[] = [],
): Promise<BytesPerStream> {
  const limit = String(Math.max(streamsEach, WARM_UP_STREAMS));
  const server = await startReferenceServer(['--limit', limit, ...options]);
  const client = startClient();
  try {
    const workflowIds = Array.from({ length: streamCount / streamsEach }, (_, n) => `flow-${n}`);
    for (const workflowId of ['warm-up', ...workflowIds]) server.createWorkflow(workflowId, HISTORY_LINES);
    const level = async (): Promise<Level> => {
      const asServedBytes = server.memory().rssBytes;
      const { liveBytes } = await server.read({ collectGarbage: true });
      return { asServedBytes, liveBytes, ...server.memory() };
    };
    const hold = async (ids: string[], each: number) => {
      await client.open(server.port, ids, each);
      await client.restart();
      for (const workflowId of ids) server.append(workflowId, numberedLine(0));
      const total = ids.length * each;
      const { count, openStreams } = await client.receives(total, 30_000);
      if (count !== total || openStreams !== total)
        throw new Error(`of ${total} streams ${openStreams} are open and ${count} received an event`);
    };
    for (let n = 0; n < WARM_UP_ROUNDS; n += 1) {
      await hold(['warm-up'], WARM_UP_STREAMS);
      await client.drop();
      await server.holds(0);
    }
    const before = await level();
    await hold(workflowIds, streamsEach);
    const held = await level();
    const a = (of: keyof Level) => (held[of] - before[of]) / streamCount;
    return {
      asServedBytes: a('asServedBytes'),
      rssBytes: a('rssBytes'),
      pssBytes: a('pssBytes'),
      liveBytes: a('liveBytes'),
    };
  } finally {
    await client.stop();
    await server.stop();
  }
}

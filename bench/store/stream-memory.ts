import { median } from '../../harness/verdict/theil-sen.ts';
import type { Measurement, Row } from '../server/measurement.ts';
import { type BytesPerStream, measureStreams } from '../server/memory.ts';
import type { StoreBenchOptions } from './options.ts';

const KiB = 1024;
const STREAMS_EACH = 5;
const kinds = ['jsonl', 'sqlite'] as const;
/** What two measurements of the same store differ by, of a stream's 10 KiB or so. */
const NOISE_KIB = 1;

/** Memory that a held stream takes of the server, with either store in turns: five streams a workflow, the default limit. */
export async function measureStreamMemory({ rounds, quick }: StoreBenchOptions): Promise<Measurement[]> {
  const streamCount = quick ? 500 : 5000;
  const results: Record<(typeof kinds)[number], BytesPerStream[]> = { jsonl: [], sqlite: [] };
  for (let round = 0; round < rounds; round += 1) {
    for (const kind of kinds) {
      results[kind].push(await measureStreams(streamCount, STREAMS_EACH, ['--store', kind]));
    }
  }
  const kib = (kind: (typeof kinds)[number], of: keyof BytesPerStream) =>
    median(results[kind].map((result) => result[of])) / KiB;
  const rows = kinds.map(
    (kind): Row => ({
      what: `${streamCount.toLocaleString('en')} streams, --store ${kind}`,
      figures: {
        RSS: kib(kind, 'asServedBytes').toFixed(1),
        'RSS after gc': kib(kind, 'rssBytes').toFixed(1),
        'live heap + external': kib(kind, 'liveBytes').toFixed(1),
      },
      ok:
        kib(kind, 'liveBytes') <= kib('jsonl', 'liveBytes') + NOISE_KIB &&
        kib(kind, 'rssBytes') <= kib('jsonl', 'rssBytes') + NOISE_KIB,
    }),
  );
  const title = `Memory a held stream, KiB, ${STREAMS_EACH} a workflow, median of ${rounds} rounds in turns`;
  return [{ title, target: `no more than with jsonl (give or take ${NOISE_KIB} KiB)`, rows }];
}

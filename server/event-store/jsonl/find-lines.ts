import type { Intent } from './key-file.ts';
import { digestOf } from './key-file.ts';
import { lineStartAt, type ReadLinesOptions, readForwards } from './read-lines.ts';

/**
 * Looks in a log for lines that may have been written, each from its `fromOffset` on. Returns their ids in the order that was asked,
 * null for those that are not there. Of two equal lines that are looked for, the first gets the first.
 */
export async function findLines(
  options: ReadLinesOptions,
  wanted: readonly Intent[],
): Promise<(number | null)[]> {
  const ids: (number | null)[] = wanted.map(() => null);
  const indexesByDigest = new Map<string, number[]>();
  let fromOffset = Number.POSITIVE_INFINITY;
  wanted.forEach((intent, index) => {
    fromOffset = Math.min(fromOffset, intent.fromOffset);
    const indexes = indexesByDigest.get(intent.digest);
    if (indexes === undefined) indexesByDigest.set(intent.digest, [index]);
    else indexes.push(index);
  });
  if (indexesByDigest.size === 0) return ids;
  const start = await lineStartAt(options, fromOffset);
  for await (const events of readForwards(options, start)) {
    for (const { id, line } of events) {
      const digest = digestOf(line);
      const indexes = indexesByDigest.get(digest);
      const [first] = indexes ?? [];
      if (indexes === undefined || first === undefined) continue;
      if (id <= (wanted[first]?.fromOffset ?? 0)) continue;
      ids[first] = id;
      indexes.shift();
      if (indexes.length === 0) indexesByDigest.delete(digest);
      if (indexesByDigest.size === 0) return ids;
    }
  }
  return ids;
}

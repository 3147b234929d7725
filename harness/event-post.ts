import { HydrotestError, messageOf } from './errors.ts';
import { type EventFeed, eventLine } from './event-feed.ts';
import { shortRequest } from './streams/short-request.ts';

/** What a server that takes events can be expected to take at once. */
const MOST_LINES = 1000;
const BATCH_BYTES = 1024 * 1024;
/** A server may have to write them to its disk before it answers. */
const ANSWER_MS = 60_000;

/** Sends events to a URL of the target, batch after batch, each as a POST of newline-delimited JSON. */
export function createEventPost(headers: Record<string, string>): EventFeed {
  /** The number of the next event, by URL. */
  const sequences = new Map<string, number>();
  const running = new Set<Promise<unknown>>();

  const post = async (url: string, body: string, signal: AbortSignal) => {
    const answer = await shortRequest(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-ndjson', ...headers },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw new HydrotestError('usage', `--events-url: ${url} took no events: ${messageOf(error)}`);
    });
    if (answer.status >= 200 && answer.status <= 299) return;
    throw new HydrotestError(
      'usage',
      `--events-url: ${url} answered a POST of newline-delimited JSON with ${answer.status}: give a URL that takes it, or --events-file.`,
    );
  };

  const write = async (url: string, count: number, bytesPerEvent: number, signal: AbortSignal) => {
    let byteCount = 0;
    const perBatch = Math.max(1, Math.min(MOST_LINES, Math.floor(BATCH_BYTES / bytesPerEvent)));
    for (let left = count; left > 0; left -= perBatch) {
      signal.throwIfAborted();
      let next = sequences.get(url) ?? 0;
      let body = '';
      for (let n = Math.min(left, perBatch); n > 0; n -= 1) body += eventLine(next++, bytesPerEvent);
      await post(url, body, signal);
      // What was not taken is sent by nobody: the next batch has the same numbers.
      sequences.set(url, next);
      byteCount += Buffer.byteLength(body);
    }
    return byteCount;
  };

  return {
    append(url, { count, bytesPerEvent }, signal) {
      const written = write(url, count, bytesPerEvent, signal);
      running.add(written);
      const done = () => running.delete(written);
      written.then(done, done);
      return written;
    },
    drop: async (url) => void sequences.delete(url),
    async close() {
      await Promise.allSettled(running);
    },
  };
}

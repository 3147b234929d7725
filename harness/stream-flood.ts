import { saidBy } from './checks/answers.ts';
import { HydrotestError } from './errors.ts';
import type { FloodResult } from './flood.ts';
import type { RunConfig } from './model.ts';
import { openStream } from './streams/open-stream.ts';
import { within } from './waiting.ts';

/** A stream that gets no answer is given up after this. */
const ANSWER_MS = 5000;
/** After so many errors the answer is known, and waiting for the rest tells nothing more. */
const MAX_ERRORS = 50;

/**
 * As `flood`, with whole clients: for protocols whose refusal is more than the answer to a request, such as a close code. Each leaves
 * as soon as it is answered.
 */
export async function floodWithStreams(
  { url, key, count, connections }: { url: string; key: string; count: number; connections: number },
  { headers, protocol }: Pick<RunConfig, 'headers' | 'protocol'>,
  signal: AbortSignal,
): Promise<FloodResult> {
  const statuses: Record<string, number> = {};
  const latencies: number[] = [];
  let [startedCount, errorCount, timeoutCount] = [0, 0, 0];
  let problem: string | undefined;
  const visit = async () => {
    const began = performance.now();
    const stream = openStream('graceful-close', { url, key, headers, protocol });
    try {
      const answer = await within(stream.answered, ANSWER_MS, signal);
      const isLate = answer === null && performance.now() - began >= ANSWER_MS;
      stream.end();
      const record = await stream.ended;
      latencies.push(performance.now() - began);
      if (isLate) timeoutCount += 1;
      else if (record.status === null) errorCount += 1;
      else statuses[saidBy(record)] = (statuses[saidBy(record)] ?? 0) + 1;
      if (record.answer !== 'limited') problem = record.error ?? problem;
    } finally {
      stream.end();
    }
  };
  const work = async () => {
    while (startedCount < count && errorCount + timeoutCount < MAX_ERRORS) {
      startedCount += 1;
      await visit();
    }
  };
  await Promise.all(Array.from({ length: Math.min(connections, count) }, work));
  if (signal.aborted) throw new HydrotestError('aborted', 'aborted');
  latencies.sort((a, b) => a - b);
  const at = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))] ?? 0;
  return {
    plannedCount: count,
    statuses,
    errorCount,
    timeoutCount,
    latencyMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
    ...(problem === undefined ? {} : { problem }),
  };
}

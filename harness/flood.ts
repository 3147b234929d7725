import autocannon from 'autocannon';
import { guardClient } from './guard-flood.ts';
import type { RequestsEntry } from './model.ts';
import { parseTarget } from './streams/http-request.ts';

export type FloodResult = Pick<
  RequestsEntry,
  'plannedCount' | 'statuses' | 'errorCount' | 'timeoutCount' | 'latencyMs' | 'problem'
>;

/** A request that was let in by mistake is an endless stream: it is given up after this. */
const REQUEST_TIMEOUT_S = 5;

/** After so many errors the answer is known, and waiting for the rest tells nothing more. */
const MAX_ERRORS = 50;

/** autocannon looks only as often as it samples, by default once a second, whether it has come to its end. */
const STOP_INTERVAL_MS = 20;

/** `body`: makes the requests POSTs. */
export interface FloodLoad {
  count: number;
  connections: number;
  headers: Record<string, string>;
  body?: string | null;
}

/** Sends `count` short requests over `connections` keep-alive connections and counts the answers by status. */
export async function flood(url: string, load: FloodLoad, signal: AbortSignal): Promise<FloodResult> {
  const total: FloodResult = {
    plannedCount: load.count,
    statuses: {},
    errorCount: 0,
    timeoutCount: 0,
    latencyMs: { p50: 0, p99: 0, max: 0 },
  };
  // autocannon reads URLs in its own way: in their usual spelling there is only one.
  const { href } = new URL(url);
  // autocannon silently loses the request that it had begun on a connection which the server closes after an answer:
  // with `Connection: close` that is every second one. They are made up for.
  for (let left = load.count; left > 0; ) {
    const part = await shoot(href, { ...load, count: left }, signal);
    const answered = add(total, part);
    if (answered === 0 || total.errorCount + total.timeoutCount >= MAX_ERRORS) break;
    left -= answered;
  }
  return total;
}

type Part = Omit<FloodResult, 'plannedCount'>;

/** Adds a part to the whole and returns how many requests came to an end in it. Latencies are those of the slowest part. */
function add(total: FloodResult, part: Part): number {
  let answered = part.errorCount + part.timeoutCount;
  for (const [status, count] of Object.entries(part.statuses)) {
    total.statuses[status] = (total.statuses[status] ?? 0) + count;
    answered += count;
  }
  total.errorCount += part.errorCount;
  total.timeoutCount += part.timeoutCount;
  if (part.problem !== undefined) total.problem = part.problem;
  for (const name of ['p50', 'p99', 'max'] as const) {
    total.latencyMs[name] = Math.max(total.latencyMs[name], part.latencyMs[name]);
  }
  return answered;
}

async function shoot(url: string, load: FloodLoad, signal: AbortSignal): Promise<Part> {
  signal.throwIfAborted();
  const stop = () => instance?.stop();
  let instance: autocannon.Instance | undefined;
  let problem: string | undefined;
  const target = parseTarget(url);
  try {
    const result = await new Promise<autocannon.Result>((resolve, reject) => {
      // The promise form has no stop().
      instance = autocannon(
        {
          url,
          amount: load.count,
          connections: Math.min(load.connections, load.count),
          headers: load.headers,
          ...(load.body == null ? {} : { method: 'POST' as const, body: load.body }),
          timeout: REQUEST_TIMEOUT_S,
          bailout: MAX_ERRORS,
          sampleInt: STOP_INTERVAL_MS,
          setupClient: (client) =>
            guardClient(client, target, (words) => {
              problem = words;
            }),
        },
        (error, result) => (error ? reject(error) : resolve(result)),
      );
      signal.addEventListener('abort', stop);
    });
    signal.throwIfAborted();
    const statuses = Object.fromEntries(
      Object.entries(result.statusCodeStats ?? {}).map(([status, { count }]) => [status, count ?? 0]),
    );
    const { p50, p99, max } = result.latency;
    return {
      statuses,
      // autocannon counts a time-out among its errors as well, and a connection that the server broke apart from them.
      errorCount: result.errors - result.timeouts + result.resets,
      timeoutCount: result.timeouts,
      latencyMs: { p50, p99, max },
      ...(problem === undefined ? {} : { problem }),
    };
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

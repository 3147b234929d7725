import { z } from 'zod';
import { HydrotestError, messageOf } from '../errors.ts';
import { addressBelow } from './server-url.ts';

const ANSWER_MS = 5_000;
/** The list of a thousand workflows takes some 200 kB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

const count = z.number().nonnegative();
const Health = z.object({
  status: z.string(),
  uptimeSeconds: count,
  openStreams: count,
  openTails: count,
  ended: z.record(z.string(), count),
  rejected: count,
  memory: z.object({ rssBytes: count, heapUsedBytes: count }),
});
const Workflows = z.object({
  workflows: z.array(z.object({ workflowId: z.string(), openStreams: count })),
  /** Streams a workflow; null: as many as come. */
  limit: count.nullable(),
  truncated: z.boolean(),
});

export interface ServerStatus {
  url: string;
  health: z.infer<typeof Health>;
  list: z.infer<typeof Workflows>;
}

/**
 * Asks a reference server how it is.
 *
 * @throws HydrotestError `target-start`: it does not answer, or not as a reference server does.
 */
export async function readStatus(url: string): Promise<ServerStatus> {
  const [health, list] = await Promise.all([
    readJson(addressBelow(url, '/health'), Health),
    readJson(addressBelow(url, '/api/workflows'), Workflows),
  ]);
  return { url, health, list };
}

async function readJson<Value>(url: URL, schema: z.ZodType<Value>): Promise<Value> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: { connection: 'close' },
    });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_BYTES)
        throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    }
    return schema.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError)
      throw new HydrotestError('target-start', `${url} does not answer as a reference server does.`, {
        cause: error,
      });
    const { cause } = error as Error;
    throw new HydrotestError(
      'target-start',
      `${url}: ${cause === undefined ? messageOf(error) : messageOf(cause)}. Is the server running? --url names another one.`,
      { cause: error },
    );
  }
}

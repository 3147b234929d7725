import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { HydrotestError, messageOf } from '../errors.ts';
import { EventOrder } from '../streams/event-order.ts';
import { EventReader } from '../streams/event-reader.ts';
import { sleep } from '../waiting.ts';
import { backoffMs } from './backoff.ts';

/** Four heartbeats of the reference server: nobody is there any more. */
const SILENT_MS = 60_000;
/** What a refusal may say for itself. */
const MAX_REFUSAL_BYTES = 4_096;
/** Refusals that pass: too many streams, a server that is starting, stopping or behind a proxy. */
const PASSING = [408, 425, 429, 500, 502, 503, 504];

export interface FollowOptions {
  url: URL;
  signal: AbortSignal;
  /** What happens to the connection, for a person to read. */
  onNotice(text: string): void;
}

/**
 * The data of the events of a stream as they come, those of one chunk together, for as long as they are asked for: it comes back where
 * it was, with `Last-Event-ID`, whenever the connection ends. Nothing more is read from the server until the next ones are asked for, so
 * that memory is bounded by one chunk and one event, and a slow reader is the server's to see.
 *
 * @throws HydrotestError `target-start`: the first attempt failed, or an answer says that no other one will do.
 * Ends when `signal` is aborted.
 */
export async function* followStream({ url, signal, onNotice }: FollowOptions): AsyncGenerator<string[]> {
  let batch: string[] = [];
  let wasReset = false;
  const reader = new EventReader({
    order: new EventOrder(),
    onEvent: ({ event, data }) => {
      if (event === 'reset') wasReset = true;
      else if (event === 'close') onNotice(`the server ended the stream: ${data}`);
      else batch.push(data);
    },
    watchesRetry: true,
  });
  let failures = 0;
  let wasConnected = false;

  while (!signal.aborted) {
    let askedMs: number | null = null;
    const connection = open(url, reader.lastEventId, signal);
    try {
      const response = await connection.answered;
      const refusal = await refusalOf(response);
      if (refusal !== null) {
        askedMs = refusal.retryAfterMs;
        onNotice(refusal.text);
      } else {
        if (wasConnected) onNotice('connected again');
        wasConnected = true;
        reader.restart();
        for await (const chunk of connection.chunks(response)) {
          reader.push(chunk);
          if (reader.failure !== null) throw new HydrotestError('target-start', reader.failure);
          if (wasReset) onNotice('the log was replaced: it begins anew');
          wasReset = false;
          if (batch.length === 0) continue;
          failures = 0;
          const events = batch;
          batch = [];
          yield events;
        }
        onNotice('the connection ended');
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof HydrotestError) throw error;
      if (!wasConnected)
        throw new HydrotestError(
          'target-start',
          `${url.origin} cannot be reached: ${messageOf(error)}. Is the server running? --url names another one.`,
          { cause: error },
        );
      onNotice(`the connection was lost: ${messageOf(error)}`);
    } finally {
      connection.close();
    }
    batch = [];
    await sleep(backoffMs(failures, reader.retryMs, askedMs), signal).catch(() => undefined);
    failures += 1;
  }
}

/** One request; whoever opens it closes it. */
function open(url: URL, lastEventId: string, signal: AbortSignal) {
  const headers: Record<string, string> = { Accept: 'text/event-stream', 'Cache-Control': 'no-store' };
  if (lastEventId !== '') headers['Last-Event-ID'] = lastEventId;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request: ClientRequest = send(url, { headers, signal, agent: false });
  let isWaiting = true;
  // While nobody asks for more, nothing is read, and silence says nothing.
  request.setTimeout(SILENT_MS, () => {
    if (isWaiting) request.destroy(new Error(`nothing came for ${SILENT_MS / 1000} s`));
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).on('error', reject);
  });
  request.end();
  return {
    answered,
    async *chunks(response: IncomingMessage): AsyncGenerator<Buffer> {
      for await (const chunk of response) {
        isWaiting = false;
        yield chunk as Buffer;
        isWaiting = true;
      }
    },
    close: () => void request.destroy(),
  };
}

/** Null: it is an event stream. Throws where asking again would get the same answer. */
async function refusalOf(
  response: IncomingMessage,
): Promise<{ text: string; retryAfterMs: number | null } | null> {
  const { statusCode = 0, headers } = response;
  const type = headers['content-type'] ?? 'no type';
  if (statusCode === 200 && /^text\/event-stream\b/i.test(type)) return null;
  if (statusCode === 200)
    throw new HydrotestError('target-start', `the answer is ${type}, not text/event-stream: is --url right?`);
  const text = `the server answered ${statusCode}: ${await shortBody(response)}`;
  if (!PASSING.includes(statusCode)) throw new HydrotestError('target-start', text);
  const seconds = Number(headers['retry-after']);
  return { text, retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null };
}

async function shortBody(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_REFUSAL_BYTES) break;
  }
  try {
    return String((JSON.parse(text) as { error?: unknown }).error ?? text);
  } catch {
    return text.slice(0, 200);
  }
}

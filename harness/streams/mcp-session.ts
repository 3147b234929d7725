import { createParser } from 'eventsource-parser';
import { messageOf } from '../errors.ts';
import type { Behaviour, BehaviourName, OpenStream, StreamAnswer, StreamRequest } from '../model.ts';
import { conversationOf, refusingError } from './conversation.ts';
import { makeRequest } from './http-request.ts';
import { mediaTypeOf } from './response-kind.ts';
import { maxBodyBytes, type ShortAnswer, shortRequest } from './short-request.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

const PROTOCOL_VERSION = '2025-06-18';
const SHORT_MS = 30_000;
/** Clients that say goodbye; all others are gone without a word, and leave their session to the server. */
const polite: ReadonlySet<BehaviourName> = new Set(['tab', 'graceful-close', 'random-lifetime']);

/** A refusal, or what stood in the way of a session. */
class NoSession extends Error {
  readonly answer: ShortAnswer | null;

  constructor(message: string, answer: ShortAnswer | null) {
    super(message);
    this.answer = answer;
  }
}

/**
 * A client of the Model Context Protocol over streamable HTTP: it initializes a session by POST, opens the session's stream by GET,
 * as its behaviour does, and ends the session with DELETE where its behaviour is to leave in order. (MCP 2025-06-18, "Transports".)
 *
 * The record is that of the stream; times are since its GET. Where there is no session, it tells of the answer to `initialize`.
 */
export class McpStream implements OpenStream {
  readonly answered: Promise<StreamAnswer | null>;
  readonly firstEvent: Promise<boolean>;
  readonly ended: Promise<StreamOutcome>;
  readonly #opened: Promise<OpenStream | null>;
  readonly #request: StreamRequest;
  readonly #ledger: StreamLedger;
  readonly #behaviour: Behaviour;
  readonly #leaving = new AbortController();
  #stream: OpenStream | null = null;
  #session: Record<string, string> | null = null;

  constructor(request: StreamRequest, behaviour: Behaviour) {
    // A fault of ours is thrown here and now.
    makeRequest(request.url, request.headers);
    this.#request = request;
    this.#behaviour = behaviour;
    this.#ledger = new StreamLedger(behaviour.name, request.observer, conversationOf(request.protocol));
    this.#opened = this.#open();
    this.answered = this.#opened.then((stream) => stream?.answered ?? this.#ledger.answered.promise);
    this.firstEvent = this.#opened.then((stream) => stream?.firstEvent ?? false);
    this.ended = this.#opened.then(async (stream) => {
      if (stream === null) return this.#ledger.ended.promise;
      const outcome = await stream.ended;
      if (polite.has(behaviour.name)) await this.#endSession();
      return outcome;
    });
  }

  receives(count: number): Promise<boolean> {
    return this.#opened.then((stream) => stream?.receives(count) ?? false);
  }

  get eventCount(): number {
    return this.#stream?.eventCount ?? 0;
  }

  get lastEventId(): string {
    return this.#stream?.lastEventId ?? '';
  }

  end(): void {
    this.#leaving.abort();
    this.#stream?.end();
  }

  /** The stream, or null: there is none, and the ledger says why. Never rejects. */
  async #open(): Promise<OpenStream | null> {
    try {
      this.#session = await this.#initialize();
      const headers = { ...this.#request.headers, ...this.#session };
      this.#stream = this.#behaviour.open({ ...this.#request, headers });
      if (this.#leaving.signal.aborted) this.#stream.end();
      return this.#stream;
    } catch (error) {
      const answer = error instanceof NoSession ? error.answer : null;
      if (answer !== null) this.#ledger.sawFirstByte();
      if (answer !== null) this.#sawRefusal(answer);
      else if (this.#leaving.signal.aborted) this.#ledger.conclude('client', null);
      else this.#ledger.conclude('connect-failed', `initialize: ${messageOf(error)}`);
      if (this.#session !== null && polite.has(this.#behaviour.name)) await this.#endSession();
      this.#ledger.release();
      return null;
    }
  }

  #sawRefusal(answer: ShortAnswer): void {
    const { status, headers } = answer;
    const { plan } = conversationOf(this.#request.protocol);
    const error = refusingError(JSON.stringify(responseOf(answer)), plan);
    this.#ledger.sawHead(status, headers.get('retry-after'), false);
    if (!this.#ledger.hasAnswer) this.#ledger.sawAnswer(error === null ? 'other' : 'limited');
    this.#ledger.conclude(
      'refused',
      error ?? (status === 200 ? 'initialize was answered without a session' : null),
    );
  }

  /** Resolves with the headers of the session. */
  async #initialize(): Promise<Record<string, string>> {
    const params = {
      protocolVersion: PROTOCOL_VERSION,
      capabilities: {},
      clientInfo: { name: 'hydrotest', version: '1' },
    };
    const answer = await this.#post({ jsonrpc: '2.0', id: 1, method: 'initialize', params }, {});
    const result = responseOf(answer)?.result;
    if (answer.status !== 200 || !isObject(result)) throw new NoSession('refused', answer);
    const sessionId = answer.headers.get('mcp-session-id');
    const version = typeof result.protocolVersion === 'string' ? result.protocolVersion : PROTOCOL_VERSION;
    // A server may do without sessions: then there is nothing to end.
    const session = {
      ...(sessionId === undefined ? {} : { 'Mcp-Session-Id': sessionId }),
      'MCP-Protocol-Version': version,
    };
    this.#session = session;
    const told = await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' }, session);
    if (told.status < 200 || told.status > 299)
      throw new NoSession('notifications/initialized was refused', told);
    return session;
  }

  #post(message: object, session: Record<string, string>): Promise<ShortAnswer> {
    const { url, headers, localAddress } = this.#request;
    return shortRequest(
      url,
      {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          ...headers,
          ...session,
        },
        body: JSON.stringify(message),
        localAddress,
        signal: AbortSignal.any([this.#leaving.signal, AbortSignal.timeout(SHORT_MS)]),
      },
      // A server may leave the stream of its answer open.
      readUntilResponse(),
    );
  }

  async #endSession(): Promise<void> {
    const session = this.#session;
    if (session?.['Mcp-Session-Id'] === undefined) return;
    this.#session = null;
    const { url, headers, localAddress } = this.#request;
    const signal = AbortSignal.timeout(SHORT_MS);
    // A server need not allow it (405), and one that is gone has ended the session as well.
    await shortRequest(url, {
      method: 'DELETE',
      headers: { ...headers, ...session },
      localAddress,
      signal,
    }).catch(() => null);
  }
}

/** Tells of each piece of an event stream whether a JSON-RPC response has come with it. */
function readUntilResponse(): (piece: string) => boolean {
  let hasCome = false;
  const parser = createParser({
    maxBufferSize: maxBodyBytes,
    onEvent: ({ data }) => {
      hasCome ||= isResponse(messageIn(data));
    },
  });
  return (piece) => {
    parser.feed(piece);
    return hasCome;
  };
}

/** The JSON-RPC response, as JSON or as the first event of a stream that is one; null: there is none. */
function responseOf({ headers, body }: ShortAnswer): Record<string, unknown> | null {
  if (mediaTypeOf(headers.get('content-type')) !== 'text/event-stream') return messageIn(body);
  const messages: Record<string, unknown>[] = [];
  const onEvent = ({ data }: { data: string }) => {
    const message = messages.length === 0 ? messageIn(data) : null;
    if (message !== null && isResponse(message)) messages.push(message);
  };
  createParser({ onEvent }).feed(body);
  return messages[0] ?? null;
}

function messageIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isResponse(message: Record<string, unknown> | null): boolean {
  return message !== null && ('result' in message || 'error' in message);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object';
}

/** How a stream takes an answer: the same for a client with one connection and for one that comes back. */
import type { ProtocolPlan, StreamEnding } from '../model.ts';
import type { BodyReader, ReaderOptions } from './body-reader.ts';
import { type Conversation, refusingError } from './conversation.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import type { ResponseHead } from './http-response-parser.ts';
import { mediaTypeOf, type ResponseKind } from './response-kind.ts';
import type { StreamLedger } from './stream-ledger.ts';

/** A refusal's body is read so that the server can finish it, but not without an end. */
const maxRefusalBytes = 64 * 1024;

/** `in-body`: a 200 with a JSON text in place of the stream, which says itself whether it is a refusal. */
export type Judgement = ResponseKind | { kind: 'in-body' };

/** What a head means; `nonce`: what the request had. */
export function judge(
  { protocol, refusesInBody }: Conversation,
  head: ResponseHead,
  nonce: string,
): Judgement {
  const judged = protocol.judge(head, nonce);
  if (judged.kind === 'events' || !refusesInBody || head.status !== 200) return judged;
  return mediaTypeOf(head.headers.get('content-type')) === 'application/json' ? { kind: 'in-body' } : judged;
}

/** What reads the body of an accepted stream, and tells its ledger. */
export function createReader(
  { plan, protocol }: Conversation,
  ledger: StreamLedger,
  wanted: Pick<ReaderOptions, 'send' | 'watchesRetry' | 'watchesPosition'>,
): BodyReader {
  return protocol.createReader({
    ...wanted,
    order: ledger.order,
    onEvent: (event) => {
      if (ledger.ending === null) ledger.sawEvent(event);
    },
    onGoodbye: (code, reason) => ledger.sawClose(code, reason),
    replies: plan.replies,
    eventId: plan.eventId,
  });
}

/** Says what a client says of its own accord, once its stream is accepted. */
export function greet(
  { plan, protocol }: Conversation,
  key: string | undefined,
  write: (bytes: Buffer) => void,
): void {
  for (const message of plan.sends) {
    const bytes = protocol.message?.(message.replaceAll('{key}', key ?? ''));
    if (bytes !== undefined) write(bytes);
  }
}

/** What a client says that leaves in order; null: nothing, or it has been said. */
export function farewellOf(
  { protocol }: Conversation,
  { closeCode }: StreamLedger,
  reader: BodyReader | null,
): Buffer | null {
  return reader === null || closeCode !== null ? null : (protocol.farewell?.() ?? null);
}

/** Whether the stream is over with what has been read; null: it goes on. */
export function endBehind(
  { failure }: BodyReader,
  ledger: StreamLedger,
  leavesAtGoodbye: boolean | undefined,
): { ending: StreamEnding; error: string | null } | null {
  if (failure !== null) return { ending: 'protocol-error', error: failure };
  const { refusingMessage } = ledger;
  if (refusingMessage !== null) return { ending: 'refused', error: refusingMessage };
  return leavesAtGoodbye && ledger.closeReason !== null ? { ending: 'server-end', error: null } : null;
}

/** The body of a refusal, of which no more is kept than says whether it is one. */
export class RefusalBody {
  #byteCount = 0;
  /** Null: its status has said so. */
  readonly #body: GrowingBuffer | null;

  constructor(kind: Judgement['kind']) {
    this.#body = kind === 'in-body' ? new GrowingBuffer() : null;
  }

  /** True: that is enough of it. */
  push(bytes: Buffer): boolean {
    this.#byteCount += bytes.length;
    this.#body?.append(bytes);
    return this.#byteCount > maxRefusalBytes;
  }

  /** All of it is there. Returns the refusal in words, or null: its status says all. */
  conclude(ledger: StreamLedger, plan: ProtocolPlan): string | null {
    if (this.#body === null) return null;
    const error = refusingError(this.#body.take().toString(), plan);
    ledger.sawAnswer(error === null ? 'other' : 'limited');
    return error ?? 'a JSON text instead of a stream';
  }
}

import type { BehaviourName, StreamAnswer, StreamEnding, StreamObserver, StreamRecord } from '../model.ts';
import type { StreamEvent } from './body-reader.ts';
import { type Conversation, conversationOf, refusingMessage } from './conversation.ts';
import { EventOrder } from './event-order.ts';
import { FedOrder } from './fed-order.ts';
import { shortened } from './foreign-text.ts';
import { Later } from './later.ts';

/** How long a no may take that comes behind the head: then the stream counts as accepted. */
const LATE_ANSWER_MS = 500;

export type StreamOutcome = Omit<StreamRecord, 'elapsedMs' | 'key'>;

/**
 * Keeps the record of one stream while it runs. It knows nothing of sockets: a client tells it what happened.
 * The first ending stands; `ended` resolves with `release`, once the client has seen its socket closed.
 */
export class StreamLedger {
  readonly answered = new Later<StreamAnswer | null>();
  readonly firstEvent = new Later<boolean>();
  readonly ended = new Later<StreamOutcome>();
  readonly order = new EventOrder();
  readonly fed = new FedOrder();
  eventCount = 0;
  byteCount = 0;
  reconnectCount = 0;
  /** What the stream ends as once its socket is closed; null: it goes on. */
  ending: StreamEnding | null = null;
  closeReason: string | null = null;
  /** Of the server's close frame, where the protocol has those; null: none has come. */
  closeCode: number | null = null;
  /** A no that came behind the head, as a tally names it: `close 4429`; null: none has come. */
  refusal: string | null = null;
  readonly #behaviour: BehaviourName;
  readonly #observer: StreamObserver | null;
  readonly #conversation: Conversation;
  readonly #openedMs = performance.now();
  /** Null: none has come, or it may turn out otherwise yet. */
  #answer: StreamAnswer | null = null;
  #wasAccepted = false;
  #status: number | null = null;
  #retryAfter: string | null = null;
  #firstByteMs: number | null = null;
  #firstEventMs: number | null = null;
  #closeEventMs: number | null = null;
  #durationMs = 0;
  #isReleased = false;
  #lateTimer: NodeJS.Timeout | null = null;
  #error: string | null = null;
  /** Who waits for how many events; null: nobody. */
  #awaited: { count: number; later: Later<boolean> }[] | null = null;

  constructor(behaviour: BehaviourName, observer?: StreamObserver, conversation = conversationOf()) {
    this.#behaviour = behaviour;
    this.#observer = observer ?? null;
    this.#conversation = conversation;
  }

  sawFirstByte(): void {
    this.#firstByteMs ??= performance.now() - this.#openedMs;
  }

  /** The head of an answer: `accepts` where it is the one that was wanted, so that a stream follows. */
  sawHead(status: number, retryAfter: string | undefined, accepts: boolean): void {
    const { plan, refusesLate, refusesInBody } = this.#conversation;
    this.#status = status;
    this.#retryAfter = retryAfter === undefined ? null : shortened(retryAfter);
    if (accepts && refusesLate) {
      if (this.#answer === null) this.#lateTimer ??= setTimeout(acceptOwned, LATE_ANSWER_MS, this);
      return;
    }
    // The reason of a no may follow.
    if (!accepts && refusesInBody && status === 200) return;
    this.sawAnswer(accepts ? 'accepted' : plan.refusals.includes(String(status)) ? 'limited' : 'other');
  }

  /** A first message that was a no; null: none was. */
  get refusingMessage(): string | null {
    return this.refusal?.startsWith('close ') ? null : this.refusal;
  }

  /** What the server said, once it is sure. The first answer stands, but for a stream that comes back. */
  sawAnswer(answer: StreamAnswer): void {
    const wasAccepted = this.#wasAccepted;
    this.#answer = answer;
    if (answer === 'accepted' && !wasAccepted) {
      this.#wasAccepted = true;
      this.#observer?.accepted();
    }
    this.answered.settle(answer);
  }

  /** No refusal has come in time. */
  accept(): void {
    this.#lateTimer = null;
    if (this.#answer === null) this.sawAnswer('accepted');
  }

  get hasAnswer(): boolean {
    return this.#answer !== null;
  }

  sawEvent(event: StreamEvent): void {
    const { meaning, plan, refusesLate } = this.#conversation;
    if (refusesLate && this.eventCount === 0) {
      this.refusal ??= refusingMessage(event.data, plan);
      if (this.refusal !== null) return;
    }
    const isEnd = meaning.isEnd(event);
    if (!isEnd && !meaning.isEvent(event)) return;
    if (this.#answer === null) this.sawAnswer('accepted');
    this.eventCount += 1;
    if (this.#awaited !== null) this.#answerAwaited(false);
    this.fed.saw(event.data);
    this.#observer?.sawEvent(event.data, this.#openedMs);
    if (event.event === 'reset') this.fed.restart();
    if (this.#firstEventMs === null) {
      this.#firstEventMs = performance.now() - this.#openedMs;
      this.firstEvent.settle(true);
    }
    if (isEnd) this.sawGoodbye(closeReason(event.data));
  }

  /** A WebSocket's close frame. Its code can be a refusal, as long as no event has come. */
  sawClose(code: number, reason: string): void {
    this.closeCode = code;
    const name = `close ${code}`;
    if (this.eventCount === 0 && this.#conversation.plan.refusals.includes(name)) this.refusal ??= name;
    this.sawGoodbye(reason === '' ? `code ${code}` : reason);
  }

  /** The server says why it ends the stream. The first reason stands. */
  sawGoodbye(reason: string): void {
    if (this.#closeEventMs !== null) return;
    this.#closeEventMs = performance.now() - this.#openedMs;
    this.closeReason = shortened(reason);
  }

  /** True once `count` events have come; false if the stream is over with fewer. */
  receives(count: number): Promise<boolean> {
    const later = new Later<boolean>();
    this.#awaited ??= [];
    this.#awaited.push({ count, later });
    this.#answerAwaited(this.#isReleased);
    return later.promise;
  }

  #answerAwaited(isOver: boolean): void {
    const left = this.#awaited?.filter(({ count, later }) => {
      const hasCome = this.eventCount >= count;
      if (hasCome || isOver) later.settle(hasCome);
      return !hasCome && !isOver;
    });
    this.#awaited = left === undefined || left.length === 0 ? null : left;
  }

  /** True: this is how the stream ended. False: it had ended already. */
  conclude(ending: StreamEnding, error: string | null): boolean {
    if (this.ending !== null) return false;
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer);
    const { refusal } = this;
    const isRefused = refusal !== null && (ending === 'server-end' || ending === 'server-reset');
    this.ending = isRefused ? 'refused' : ending;
    this.#error = isRefused ? refusal : error;
    if (refusal !== null) this.sawAnswer('limited');
    this.#durationMs = performance.now() - this.#openedMs;
    return true;
  }

  /** The socket is gone. The stream must have been concluded. */
  release(): void {
    if (this.ending === null || this.#isReleased) return;
    this.#isReleased = true;
    if (this.#wasAccepted) this.#observer?.left();
    this.answered.settle(null);
    this.firstEvent.settle(false);
    this.#answerAwaited(true);
    this.ended.settle({
      behaviour: this.#behaviour,
      status: this.#status,
      answer: this.#answer,
      firstByteMs: this.#firstByteMs,
      firstEventMs: this.#firstEventMs,
      durationMs: this.#durationMs,
      eventCount: this.eventCount,
      byteCount: this.byteCount,
      gapCount: this.order.gapCount,
      duplicateCount: this.order.duplicateCount,
      fedEventCount: this.fed.eventCount,
      fedGapCount: this.fed.gapCount,
      fedDuplicateCount: this.fed.duplicateCount,
      reconnectCount: this.reconnectCount,
      idScheme: this.order.scheme,
      ending: this.ending,
      closeReason: this.closeReason,
      closeEventMs: this.#closeEventMs,
      retryAfter: this.#retryAfter,
      error: this.#error,
    });
  }
}

function acceptOwned(ledger: StreamLedger): void {
  ledger.accept();
}

/** `reason` of a JSON object, or the data as it came. */
function closeReason(data: string): string {
  try {
    const value: unknown = JSON.parse(data);
    if (
      typeof value === 'object' &&
      value !== null &&
      'reason' in value &&
      typeof value.reason === 'string'
    ) {
      return value.reason;
    }
  } catch {
    // Not JSON: the data itself is the reason.
  }
  return data;
}

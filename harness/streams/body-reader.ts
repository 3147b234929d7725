import type { EventOrder } from './event-order.ts';

/** One event, line or message. */
export interface StreamEvent {
  /** Its name, where the protocol has names. */
  event?: string | undefined;
  /** Its own id, where it has one. */
  id?: string | undefined;
  data: string;
}

export interface ReaderOptions {
  /** Watches the ids of events. */
  order: EventOrder;
  /** May be called while `push` runs. */
  onEvent(event: StreamEvent): void;
  /** The server says that it ends the stream, in the protocol's own way: with the code of a WebSocket's close and its reason. */
  onGoodbye(code: number, reason: string): void;
  /** Answers the server, where the protocol wants it. */
  send(bytes: Buffer): void;
  /** What a client answers to a message, word for word. */
  replies: Record<string, string>;
  /** Property of an event's JSON that is its id, where the protocol has none of its own. */
  eventId: string[] | null;
  /** Whether `retryMs` is wanted. */
  watchesRetry: boolean;
  /** Whether `isInside` is wanted. */
  watchesPosition: boolean;
}

/** Turns the bytes behind an accepting head into events, however they are cut. Its memory is bounded. */
export interface BodyReader {
  /** What was wrong with the stream; null: nothing so far. Everything after it is ignored. */
  readonly failure: string | null;
  readonly lastEventId: string;
  /** How long the server wants a client to wait before it comes back; null: it has not said. */
  readonly retryMs: number | null;
  /** Whether the bytes so far end inside an event. */
  readonly isInside: boolean;
  push(bytes: Buffer): void;
  /** A chunk of the response ends here; told only to readers that have this. */
  endChunk?(): void;
  /** The body is over. Returns in words what is missing, or null. */
  finish(): string | null;
  /** The next bytes come from a new response. */
  restart(): void;
}

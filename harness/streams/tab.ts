import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { EventSource } from 'eventsource';
import type { Behaviour, OpenStream, StreamAnswer, StreamEnding, StreamRequest } from '../model.ts';
import type { StreamEvent } from './body-reader.ts';
import { conversationOf } from './conversation.ts';
import { EventReader } from './event-reader.ts';
import { type FetchObserver, observedFetch } from './http-fetch.ts';
import { parseTarget, requestHeaders } from './http-request.ts';
import { openRawStream, type RawStreamManners } from './raw-stream.ts';
import { responseKind } from './response-kind.ts';
import { type ReturningManners, ReturningStream } from './returning-stream.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

export const tab: Behaviour = {
  name: 'tab',
  describes:
    'a page: an EventSource that reconnects, resumes and closes at the event that ends the stream, or a fetch or WebSocket',
  open(request) {
    const { protocol, refusesLate } = conversationOf(request.protocol);
    switch (protocol.name) {
      case 'sse':
        // The package looks at no body but an event stream's.
        return refusesLate ? new ReturningStream(request, alone) : new Tab(request);
      case 'sse-h2':
        return new ReturningStream(request, sharing);
      default:
        return openRawStream(request, page);
    }
  },
};

/** Reconnects as an EventSource does. */
const alone: ReturningManners = {
  behaviour: 'tab',
  leavesAtGoodbye: true,
  waitMs: (retryMs) => retryMs,
};

/** The tabs of a browser share a connection. */
const sharing: ReturningManners = { ...alone, shares: true };

/** What is no EventSource does not come back by itself: a page that reads a `fetch`, or has a WebSocket. */
const page: RawStreamManners = { behaviour: 'tab', leave: 'fin', leavesAtGoodbye: true };

/**
 * A browser tab. The `eventsource` package decides everything that a browser decides: when to reconnect and with what
 * `Last-Event-ID`, when to give up. The tab's page closes it at `event: close`.
 *
 * An EventSource delivers only the event types that somebody listens for. So events are counted, and their order
 * is watched, on the bytes that go into it: otherwise each type that the page does not know would be a gap.
 *
 * One record tells of all connections of the tab: counts are sums, `status` is the last one, first times are those
 * of the first connection, `firstByteMs` is the end of its head. A broken connection is no ending, the tab connects
 * again, for ever if need be; so a server that was never there gives the ending `client` with the status null. `error` then says
 * why the last connection broke.
 */
class Tab implements OpenStream, FetchObserver {
  readonly #ledger: StreamLedger;
  readonly #reader: EventReader;
  readonly #source: EventSource;
  readonly #sockets = new Set<Socket>();
  #refused = false;
  #lostBecause: string | null = null;

  constructor(request: StreamRequest) {
    // A fault of ours is thrown here and now; inside the EventSource it would look like a network that is down.
    requestHeaders(parseTarget(request.url), request.headers);
    const ledger = new StreamLedger('tab', request.observer, conversationOf(request.protocol));
    this.#ledger = ledger;
    this.#reader = new EventReader({ order: ledger.order, onEvent: (event) => this.#sawEvent(event) });
    const fetch = observedFetch(request.headers, this, request.localAddress);
    this.#source = new EventSource(request.url, { fetch });
    this.#source.addEventListener('error', (event) => {
      if (this.#source.readyState !== this.#source.CLOSED) {
        this.#ledger.reconnectCount += 1;
        this.#lostBecause = event.message ?? this.#lostBecause;
        return;
      }
      if (this.#refused) this.#conclude('refused', null);
      else this.#conclude('protocol-error', event.message ?? 'the EventSource gave up');
    });
  }

  get answered(): Promise<StreamAnswer | null> {
    return this.#ledger.answered.promise;
  }

  get firstEvent(): Promise<boolean> {
    return this.#ledger.firstEvent.promise;
  }

  receives(count: number): Promise<boolean> {
    return this.#ledger.receives(count);
  }

  get ended(): Promise<StreamOutcome> {
    return this.#ledger.ended.promise;
  }

  get eventCount(): number {
    return this.#ledger.eventCount;
  }

  get lastEventId(): string {
    return this.#reader.lastEventId;
  }

  end(): void {
    this.#conclude('client', this.#lostBecause);
  }

  /** The page closes its EventSource at the event that ends the stream, once all that came with it has been looked at. */
  #sawEvent(event: StreamEvent): void {
    this.#ledger.sawEvent(event);
    if (this.#ledger.closeReason !== null) queueMicrotask(() => this.#conclude('server-end', null));
  }

  onSocket(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#ledger.ending !== null) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#ledger.byteCount += socket.bytesRead;
      this.#release();
    });
  }

  onResponse(status: number, received: IncomingHttpHeaders): void {
    this.#ledger.sawFirstByte();
    const headers = new Map(Object.entries(received).map(([name, value]) => [name, String(value)]));
    // Where a redirect leads has been seen to already.
    headers.delete('location');
    const judged = responseKind({ status, headers }, 'text/event-stream');
    this.#ledger.sawHead(status, received['retry-after'], judged.kind === 'events');
    this.#reader.restart();
    this.#refused = judged.kind === 'refused';
    // Not left to the EventSource: of a content encoding it knows nothing, and would read on without understanding.
    if (judged.kind === 'protocol-error') this.#conclude('protocol-error', judged.error);
  }

  onRefusedRedirect(refusal: string): void {
    this.#conclude('protocol-error', refusal);
  }

  onBody(bytes: Buffer): void {
    if (this.#ledger.ending !== null) return;
    this.#reader.push(bytes);
    if (this.#reader.failure !== null) this.#conclude('protocol-error', this.#reader.failure);
  }

  #conclude(ending: StreamEnding, error: string | null): void {
    if (!this.#ledger.conclude(ending, error)) return;
    this.#source.close();
    // The close aborts what it knows of; `ended` waits for all of these, so none is left to that alone.
    for (const socket of this.#sockets) socket.destroy();
    this.#release();
  }

  #release(): void {
    if (this.#ledger.ending !== null && this.#sockets.size === 0) this.#ledger.release();
  }
}

import type { Behaviour, OpenStream, StreamAnswer, StreamRequest } from '../model.ts';
import { makeRequest } from './http-request.ts';
import { Later } from './later.ts';
import { openRawStream, type RawStream } from './raw-stream.ts';
import { type Passage, Relay } from './relay.ts';
import { StreamLedger, type StreamOutcome } from './stream-ledger.ts';

const KEEP_MS = 2_000;

/** One for all streams of the process, from the first to the last. */
let shared: { relay: Promise<Relay>; userCount: number } | null = null;

function borrowRelay(): Promise<Relay> {
  shared ??= { relay: Relay.listen(), userCount: 0 };
  shared.userCount += 1;
  return shared.relay;
}

function giveBackRelay(relay: Relay | null): void {
  if (shared === null) return;
  shared.userCount -= 1;
  if (shared.userCount > 0) return;
  shared = null;
  relay?.close();
}

/**
 * A client behind a proxy that does not tell the server that the client has left: it keeps its connection to the server,
 * reads on, and closes it some time later. Load balancers do so, with time-outs of a minute and more. To the
 * server the stream goes on.
 *
 * The record is the client's, as of a graceful close; only `ended` waits until the server has been left as well.
 */
class ProxiedStream implements OpenStream {
  readonly answered: Promise<StreamAnswer | null>;
  readonly firstEvent: Promise<boolean>;
  readonly ended: Promise<StreamOutcome>;
  readonly #opened: Promise<RawStream>;
  #stream: RawStream | null = null;
  #hasLeft = false;

  constructor(request: StreamRequest) {
    // A fault of ours is thrown here and now, not where the relay stands.
    const { target } = makeRequest(request.url.replaceAll('{lastEventId}', ''), request.headers);
    const passage: Passage = {
      target,
      localAddress: request.localAddress,
      keepMs: request.keepMs ?? KEEP_MS,
      closed: new Later(),
      connectError: null,
    };
    const borrowed = borrowRelay();
    this.#opened = borrowed.then((relay) => this.#open(request, relay, passage));
    this.answered = this.#opened.then(
      (stream) => stream.answered,
      () => null,
    );
    this.firstEvent = this.#opened.then(
      (stream) => stream.firstEvent,
      () => false,
    );
    this.ended = this.#outcome(borrowed, passage);
  }

  receives(count: number): Promise<boolean> {
    return this.#opened.then(
      (stream) => stream.receives(count),
      () => false,
    );
  }

  get eventCount(): number {
    return this.#stream?.eventCount ?? 0;
  }

  get lastEventId(): string {
    return this.#stream?.lastEventId ?? '';
  }

  end(): void {
    this.#hasLeft = true;
    this.#stream?.end();
  }

  #open(request: StreamRequest, relay: Relay, passage: Passage): RawStream {
    let bookedPort: number | null = null;
    const stream = openRawStream(request, {
      behaviour: 'keeping-proxy',
      leave: 'fin',
      via: { secure: false, host: '127.0.0.1', port: relay.port, authority: '', path: '' },
      localAddress: '127.0.0.1',
      afterConnect(localPort) {
        bookedPort = localPort;
        relay.book(localPort, passage);
      },
    });
    this.#stream = stream;
    void stream.ended.then(() => {
      // Without a connection to the relay there is nothing to wait for.
      if (bookedPort === null) passage.closed.settle();
      else relay.gone(bookedPort, passage);
    });
    if (this.#hasLeft) stream.end();
    return stream;
  }

  async #outcome(borrowed: Promise<Relay>, passage: Passage): Promise<StreamOutcome> {
    let relay: Relay | null = null;
    try {
      relay = await borrowed;
      const outcome = await (await this.#opened).ended;
      await passage.closed.promise;
      if (passage.connectError === null || outcome.ending === 'client') return outcome;
      return { ...outcome, ending: 'connect-failed', error: passage.connectError };
    } catch (cause) {
      const ledger = new StreamLedger('keeping-proxy');
      ledger.conclude('connect-failed', `the proxy could not be started: ${(cause as Error).message}`);
      ledger.release();
      return ledger.ended.promise;
    } finally {
      giveBackRelay(relay);
    }
  }
}

export const keepingProxy: Behaviour = {
  name: 'keeping-proxy',
  describes: 'leaves (FIN) a proxy that keeps its connection to the server for 2 s more, and reads on',
  open: (request) => new ProxiedStream(request),
};

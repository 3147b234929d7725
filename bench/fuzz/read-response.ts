import type { EventSourceMessage } from 'eventsource-parser';
import { EventOrder } from '../../harness/streams/event-order.ts';
import { EventReader } from '../../harness/streams/event-reader.ts';
import { HttpResponseParser, type ResponseHead } from '../../harness/streams/http-response-parser.ts';

/** All that a client keeps of a response, as far as it may not depend on how the bytes were cut. */
export interface ReadResponse {
  status: number | null;
  headers: [string, string][];
  /** Decoded from its framing. */
  body: Buffer;
  complete: boolean;
  failure: string | null;
  /** What the parser says of the connection's end. */
  cut: string | null;
  events: EventSourceMessage[];
  eventFailure: string | null;
  lastEventId: string;
  retryMs: number | null;
  gapCount: number;
  duplicateCount: number;
}

/** Parser and reader, joined as a stream's client joins them. */
export class ResponseClient {
  readonly order = new EventOrder();
  readonly reader: EventReader;
  readonly parser: HttpResponseParser;
  head: ResponseHead | null = null;

  constructor(onEvent: (event: EventSourceMessage) => void, onBody: (bytes: Buffer) => void) {
    this.reader = new EventReader({ order: this.order, onEvent, watchesRetry: true });
    this.parser = new HttpResponseParser({
      onHead: (head) => {
        if (this.head !== null) throw new Error('a second head was told of');
        this.head = head;
      },
      onBody: (bytes) => {
        if (this.head === null) throw new Error('a body was told of before its head');
        onBody(bytes);
        this.reader.push(bytes);
      },
    });
  }
}

/** Reads a response that comes in these pieces and ends with the connection. */
export function readResponse(pieces: Iterable<Buffer>): ReadResponse {
  const events: EventSourceMessage[] = [];
  const body: Buffer[] = [];
  const client = new ResponseClient(
    (event) => events.push(event),
    (bytes) => body.push(bytes),
  );
  const { parser, reader, order } = client;
  for (const piece of pieces) parser.push(piece);
  const { complete, failure } = parser;
  return {
    status: client.head?.status ?? null,
    headers: [...(client.head?.headers ?? [])],
    body: Buffer.concat(body),
    complete,
    failure,
    cut: parser.finish(),
    events,
    eventFailure: reader.failure,
    lastEventId: reader.lastEventId,
    retryMs: reader.retryMs,
    gapCount: order.gapCount,
    duplicateCount: order.duplicateCount,
  };
}

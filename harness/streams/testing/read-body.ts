import type { BodyReader, ReaderOptions, StreamEvent } from '../body-reader.ts';
import { EventOrder } from '../event-order.ts';

/** A reader, and what it has told so far. */
export interface BodyReading {
  reader: BodyReader;
  order: EventOrder;
  events: StreamEvent[];
  goodbyes: [code: number, reason: string][];
  sent: Buffer[];
}

export function startReading(
  create: (options: ReaderOptions) => BodyReader,
  { replies = {}, eventId = null }: Partial<Pick<ReaderOptions, 'replies' | 'eventId'>> = {},
): BodyReading {
  const order = new EventOrder();
  const [events, goodbyes, sent]: [StreamEvent[], [number, string][], Buffer[]] = [[], [], []];
  const reader = create({
    order,
    onEvent: (event) => events.push(event),
    onGoodbye: (code, reason) => goodbyes.push([code, reason]),
    send: (bytes) => sent.push(bytes),
    replies,
    eventId,
    watchesRetry: false,
    watchesPosition: true,
  });
  return { reader, order, events, goodbyes, sent };
}

/** Pushes bytes in pieces of so many. */
export function pushCut(reader: BodyReader, bytes: Buffer, pieceBytes: number): void {
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
}

/** Pushes bytes in two pieces, cut before the byte `cut`. */
export function pushTwo(reader: BodyReader, bytes: Buffer, cut: number): void {
  reader.push(bytes.subarray(0, cut));
  reader.push(bytes.subarray(cut));
}

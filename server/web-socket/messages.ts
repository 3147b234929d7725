import type { EndReason } from '../end-reason.ts';
import type { EventBatch } from '../event-log/types.ts';
import { frameHead, maxFrameHeadBytes, textFrame } from './frame.ts';

/** A close frame: a code (RFC 6455, section 7.4.1) and a reason of at most 123 bytes. */
export interface CloseFrame {
  code: number;
  reason: string;
}

/** What the server itself writes into a WebSocket, and the form that events take there. */
export interface WebSocketEncoder {
  /** The events of a batch as frames, one text message each: `{"id":N,"event":…}`. The same bytes for every stream that gets the batch. */
  events(batch: EventBatch): Buffer;
  /** The frame of `{"type":"reset"}`: forget what came before, the last id too. */
  reset(): Buffer;
  /** How the connection is closed; null: it just ends, as there is nobody to tell. */
  close(reason: EndReason): CloseFrame | null;
}

const LINE_FEED = 0x0a;
const ID = 'id: ';
const DATA = '\ndata: ';
const EVENT_END = '\n\n';

/** 1000: all that was promised; 1001: going away; 1008: policy violation, which a reader that stalls is, too. */
const codes: Partial<Record<EndReason, number>> = {
  max_duration_exceeded: 1000,
  server_shutdown: 1001,
  slow_consumer: 1008,
  policy_violation: 1008,
};

/** Batch → frames, as long as somebody has the batch. */
const encoded = new WeakMap<EventBatch, Buffer>();

export const webSocketEncoder: WebSocketEncoder = {
  events(batch) {
    let frames = encoded.get(batch);
    if (frames === undefined) {
      frames = encodeEvents(batch);
      encoded.set(batch, frames);
    }
    return frames;
  },
  reset: () => textFrame('{"type":"reset"}'),
  close(reason) {
    const { [reason]: code } = codes;
    return code === undefined ? null : { code, reason };
  },
};

/**
 * Turns `id: N\ndata: LINE\n\n`… into frames. LINE is one JSON text in UTF-8, so that the message is one, too. Where a CR stood
 * in it there is `\ndata: `, which becomes a space: white space to JSON, all of them.
 */
function encodeEvents({ bytes, eventCount }: EventBatch): Buffer {
  // A message has 16 bytes beside its id and line, an event of the stream 13.
  const frames = Buffer.allocUnsafe(bytes.length + eventCount * (3 + maxFrameHeadBytes));
  let to = 0;
  for (let from = 0; from < bytes.length; ) {
    const idEnd = bytes.indexOf(LINE_FEED, from);
    const end = bytes.indexOf(EVENT_END, idEnd);
    const head = `{"id":${bytes.toString('latin1', from + ID.length, idEnd)},"event":`;
    let line = bytes.subarray(idEnd + DATA.length, end);
    if (line.includes(LINE_FEED)) line = Buffer.from(line.toString('latin1').replaceAll(DATA, ' '), 'latin1');
    to += frameHead(frames, to, head.length + line.length + 1);
    to += frames.write(head, to, 'latin1');
    to += line.copy(frames, to);
    to += frames.write('}', to, 'latin1');
    from = end + EVENT_END.length;
  }
  // A copy of its own size: it waits in the queues of slow readers, who pay for every byte.
  return Buffer.from(frames.subarray(0, to));
}

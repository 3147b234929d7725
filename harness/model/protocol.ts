/** How streams are asked for, and what goes over them. One file each in `streams/`. */
export type ProtocolName = 'sse' | 'sse-post' | 'ndjson' | 'chunked' | 'websocket' | 'sse-h2';

/**
 * What is told apart by a rule:
 * - `event`: the name of an SSE event;
 * - `data`: the whole data of an event, a line or a message;
 * - `prefix`: how it begins, such as the `42` of Socket.IO's events;
 * - `property`: a property of its JSON (`type`, `choices.0.finish_reason`) and its value as text.
 */
export type MessageRule =
  | { on: 'event' | 'data' | 'prefix'; value: string }
  | { on: 'property'; path: string[]; value: string };

/** How the streams of a run are asked for and read; everything filled in. */
export interface ProtocolPlan {
  name: ProtocolName;
  /** Body of the request, which is a POST then; `{key}` is filled in. Null: a GET without one. */
  body: string | null;
  /** Messages that the client sends once its WebSocket is open; `{key}` is filled in. */
  sends: string[];
  /** What the client answers to a message, word for word: such as `2` → `3`, the ping of Engine.IO. */
  replies: Record<string, string>;
  /** Which messages are events; null: all of them. What is none is not counted. */
  event: MessageRule | null;
  /** Which event says that the server ends the stream. */
  end: MessageRule | null;
  /** Streams come to their end by themselves, with the event that says so: an answer in pieces, not a subscription. */
  finite: boolean;
  /** Property of an event's JSON that is its id, where the protocol has none of its own; null: there is none. */
  eventId: string[] | null;
  /**
   * How the target says that its limit is met: a status (`429`), the code of a WebSocket's close (`close 4429`) or of a
   * JSON-RPC error (`error -32000`), or how its first message begins (`message 44`).
   */
  refusals: string[];
  /** What goes before a stream and behind it: null: nothing; `mcp`: a session is begun by `initialize` and ended by DELETE. */
  session: 'mcp' | null;
}

/** What a server said to someone who wanted a stream. */
export type StreamAnswer =
  /** It is there: an event stream, or whatever the protocol has, follows. */
  | 'accepted'
  /** No, in the way in which the target says that its limit is met. */
  | 'limited'
  /** Anything else. */
  | 'other';

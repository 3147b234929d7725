/** An event as a page gets it. */
export interface PageEvent {
  type: string;
  data: string;
  lastEventId: string;
}

/** What a server says to one request, and what a client must make of it. */
export interface Answer {
  /** Status line and headers as they go over the wire, with the empty line. */
  head: string;
  /** Sent as UTF-8. */
  body: string;
  /** The server keeps the connection open behind the body, and says nothing more. */
  stays: boolean;
  /**
   * - `stream`: an event stream; at its end the client has to come again.
   * - `failure`: the client has to give up for good.
   * - `redirect`: the client has to ask again, elsewhere.
   */
  kind: 'stream' | 'failure' | 'redirect';
  /** All that must be dispatched, in order. */
  events: readonly PageEvent[];
}

/** What a request must carry: the path, or headers by their lower-case name in UTF-8; null: must not be there. */
export interface RequestExpectation {
  path?: string;
  headers?: Record<string, string | null>;
}

/** How much of a case a client that neither reconnects nor follows redirects can be held to. */
export type RawPart = 'whole' | 'first answer' | { not: string };

export interface ConformanceCase {
  /** Path below the folder of the suite. */
  file: string;
  /** Tells the cases of one file apart; empty: there is only one. */
  variant: string;
  /** One a request, in order. A request behind the last is held without an answer. */
  answers: readonly Answer[];
  /** One a request, in order; fewer than answers: nothing is asked of the others. */
  requests: readonly RequestExpectation[];
  raw: RawPart;
  /** What the reconnection time must be after the first answer; null: nothing is asked of it. */
  retryMs: number | null;
  /** The client is closed from within its `open` event, and must deliver nothing behind it. */
  closesAtOpen: boolean;
  /** Why a tab is known to fail; empty: it passes. */
  tabFault: string;
  /** What the file asks besides and is not run; empty: nothing. */
  without: string;
}

/** A file of the suite that cannot be run here at all. */
export interface OutsideFile {
  file: string;
  reason: string;
}

/** An answer whose head tells the length of the body; or, if it `stays`, one without an end. */
export function answer(
  body: string,
  events: readonly PageEvent[] = [],
  options: { status?: string; type?: string; kind?: Answer['kind']; stays?: boolean } = {},
): Answer {
  const { status = '200 OK', type = 'text/event-stream', kind = 'stream', stays = false } = options;
  const length = stays ? '' : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return {
    head: `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\n${length}\r\n`,
    body,
    stays,
    kind,
    events,
  };
}

export function message(data: string, lastEventId = ''): PageEvent {
  return { type: 'message', data, lastEventId };
}

/** A case with what is not said filled in. */
export function conformanceCase(
  given: Pick<ConformanceCase, 'file' | 'answers'> & Partial<ConformanceCase>,
): ConformanceCase {
  return {
    variant: '',
    requests: [],
    raw: 'whole',
    retryMs: null,
    closesAtOpen: false,
    tabFault: '',
    without: '',
    ...given,
  };
}

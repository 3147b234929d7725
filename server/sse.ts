/** What the server itself writes into an event stream; the events come encoded from the event log. */
export interface SseEncoder {
  /** How long a client waits before it reconnects, in milliseconds. */
  retry(retryMs: number): string;
  comment(text: string): string;
  /** The file was truncated or replaced: forget what came before. */
  reset(): string;
  /** The server ends the stream, and says why. */
  close(reason: string): string;
}

/** Fields and line ends as in the WHATWG HTML standard, section 9.2.6, "Interpreting an event stream". */
export const sse: SseEncoder = {
  retry: (retryMs) => `retry: ${retryMs}\n\n`,
  comment: (text) => `: ${text}\n\n`,
  // `id: 0` takes the old file's offset from the client: it would resume the new file there otherwise.
  reset: () => 'event: reset\nid: 0\ndata: {}\n\n',
  close: (reason) => `event: close\ndata: ${JSON.stringify({ reason })}\n\n`,
};

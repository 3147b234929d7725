import { quote } from './foreign-text.ts';

export const maxHeadBytes = 64 * 1024;
/** Lines of a head: ten times what any server sends, and what is kept of each costs more than its bytes. */
export const maxHeaderCount = 1_000;
/** Interim responses in front of the final one: RFC 9110 §15.2 sets no limit, and whoever sends them for ever answers nothing. */
export const maxInterimCount = 100;
/** A chunk's size line with its extensions: RFC 9112 §7.1.1 asks for a limit; 4 KiB is far beyond any use. */
export const maxChunkLineBytes = 4 * 1024;
const LF = 10;
const endOfHead = Buffer.from('\r\n\r\n');
const protocolName = 'HTTP/1.';

export interface ResponseHead {
  status: number;
  /** Lower-case name → value; values of a repeated field are joined by a comma (RFC 9110 §5.3). */
  headers: ReadonlyMap<string, string>;
}

/** Gets what was parsed, in order. `onBody` gets views of the pushed bytes: copy what you keep. */
export interface ResponseSink {
  /** The final response's head; interim ones (1xx but 101) are passed over. */
  onHead(head: ResponseHead): void;
  onBody(bytes: Buffer): void;
  /** A chunk ends here (RFC 9112 §7.1). To HTTP this means nothing, but there are servers that send one message in each. */
  onChunkEnd?(): void;
}

type State =
  | 'head'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'fixed'
  | 'until-close'
  | 'complete'
  | 'failed';

/**
 * Reads one HTTP/1.x response to a GET, however its bytes are cut (RFC 9112). Strict where leniency would hide
 * a server's fault: lines end in CRLF, no folded headers, exactly one way of framing. Never throws for what a
 * server sent: `failure` says in words what was wrong, and everything after it is ignored.
 * Bytes behind the response's end are ignored too: whether they would be seen is a matter of packets.
 */
export class HttpResponseParser {
  /** What was wrong with the response; null: nothing so far. */
  failure: string | null = null;
  readonly #sink: ResponseSink;
  readonly #switches: boolean;
  #state: State = 'head';
  /** The head, or the line of chunked framing, as far as it has come. */
  #text = '';
  #remainingBytes = 0;
  #trailerBytes = 0;
  #interimCount = 0;

  /** `switches`: a 101 was asked for, and what comes behind it is the body. */
  constructor(sink: ResponseSink, switches = false) {
    this.#sink = sink;
    this.#switches = switches;
  }

  /** The response has come to its proper end. */
  get complete(): boolean {
    return this.#state === 'complete';
  }

  push(bytes: Buffer): void {
    let offset = 0;
    while (offset < bytes.length) {
      switch (this.#state) {
        case 'head':
          offset = this.#pushHead(bytes, offset);
          break;
        case 'chunk-data':
        case 'fixed':
          offset = this.#pushCounted(bytes, offset);
          break;
        case 'until-close':
          this.#sink.onBody(offset === 0 ? bytes : bytes.subarray(offset));
          return;
        case 'complete':
        case 'failed':
          return;
        default:
          offset = this.#pushLine(bytes, offset);
      }
    }
  }

  /**
   * The server has closed its side. Returns null if the response is complete with that, otherwise where it was
   * cut off, in words.
   */
  finish(): string | null {
    if (this.#state === 'until-close') this.#state = 'complete';
    switch (this.#state) {
      case 'complete':
        return null;
      case 'failed':
        return this.failure;
      case 'head':
        return this.#text === ''
          ? 'the connection was closed before a response'
          : 'the connection was closed inside the response head';
      case 'fixed':
        return `the connection was closed ${this.#remainingBytes} bytes before the end of the body`;
      case 'chunk-data':
        return `the connection was closed ${this.#remainingBytes} bytes before the end of a chunk`;
      default:
        return 'the connection was closed before the last chunk';
    }
  }

  #fail(words: string): void {
    this.failure = words;
    this.#state = 'failed';
    this.#text = '';
  }

  #pushHead(bytes: Buffer, offset: number): number {
    const before = this.#text.length;
    // The common case, the head in one piece, is not copied twice.
    const end = before === 0 ? bytes.indexOf(endOfHead, offset) : -1;
    if (end !== -1 && end - offset <= maxHeadBytes) {
      this.#parseHead(bytes.toString('latin1', offset, end));
      return end + endOfHead.length;
    }
    this.#text += bytes.toString('latin1', offset);
    // Who does not speak HTTP is told at once: many such servers now wait for us, and no end of head would come.
    const start = this.#text.slice(0, protocolName.length);
    if (!protocolName.startsWith(start)) {
      this.#fail(`not an HTTP/1.x response: it begins with ${quote(this.#text)}`);
      return bytes.length;
    }
    const found = this.#text.indexOf('\r\n\r\n', Math.max(0, before - 3));
    // Without its end: the text's last bytes may be the beginning of that.
    const leastLength =
      found === -1
        ? this.#text.slice(-4).search(/\r(\n\r?)?$|$/) + Math.max(0, this.#text.length - 4)
        : found;
    if (leastLength > maxHeadBytes) {
      this.#fail(`response head of more than ${maxHeadBytes} bytes`);
      return bytes.length;
    }
    if (found === -1) return bytes.length;
    const head = this.#text.slice(0, found);
    this.#text = '';
    this.#parseHead(head);
    return offset + found + endOfHead.length - before;
  }

  #parseHead(text: string): void {
    const lines = text.split('\r\n');
    const statusLine = lines[0] ?? '';
    if (!/^HTTP\/1\.[01] [1-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?$/.test(statusLine)) {
      this.#fail(
        statusLine.startsWith(protocolName)
          ? `malformed status line ${quote(statusLine)}`
          : `not an HTTP/1.x response: it begins with ${quote(statusLine)}`,
      );
      return;
    }
    if (lines.length - 1 > maxHeaderCount) {
      this.#fail(`response head of more than ${maxHeaderCount} lines`);
      return;
    }
    const headers = new Map<string, string>();
    for (let index = 1; index < lines.length; index += 1) {
      const line = lines[index] ?? '';
      // No white space before the colon and no folding: RFC 9112 §5.1 and §5.2, both ways of smuggling.
      if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/.test(line)) {
        this.#fail(`malformed header line ${quote(line)}`);
        return;
      }
      const colon = line.indexOf(':');
      const name = line.slice(0, colon).toLowerCase();
      const value = line.slice(colon + 1).trim();
      const earlier = headers.get(name);
      headers.set(name, earlier === undefined ? value : `${earlier}, ${value}`);
    }
    const status = Number(statusLine.slice(9, 12));
    if (status < 200 && status !== 101) {
      this.#interimCount += 1;
      if (this.#interimCount > maxInterimCount) this.#fail(`more than ${maxInterimCount} interim responses`);
      return;
    }
    this.#frame(status, statusLine[7] === '1', headers);
    if (this.failure === null) this.#sink.onHead({ status, headers });
  }

  /** How the body's end is told: RFC 9112 §6.3. */
  #frame(status: number, http11: boolean, headers: ReadonlyMap<string, string>): void {
    const coding = headers.get('transfer-encoding');
    const length = headers.get('content-length');
    if (status === 101 && this.#switches) {
      this.#state = 'until-close';
    } else if (status === 101 || status === 204 || status === 304) {
      this.#state = 'complete';
    } else if (coding !== undefined) {
      if (length !== undefined) this.#fail('both Transfer-Encoding and Content-Length');
      else if (!http11) this.#fail('Transfer-Encoding in an HTTP/1.0 response');
      else if (coding.toLowerCase() === 'chunked') this.#state = 'chunk-size';
      else this.#fail(`Transfer-Encoding ${quote(coding)}, which was not asked for`);
    } else if (length === undefined) {
      this.#state = 'until-close';
    } else if (!/^\d{1,15}$/.test(length)) {
      this.#fail(`malformed Content-Length ${quote(length)}`);
    } else {
      this.#remainingBytes = Number(length);
      this.#state = this.#remainingBytes === 0 ? 'complete' : 'fixed';
    }
  }

  #pushCounted(bytes: Buffer, offset: number): number {
    const end = Math.min(bytes.length, offset + this.#remainingBytes);
    this.#remainingBytes -= end - offset;
    const endsChunk = this.#remainingBytes === 0 && this.#state === 'chunk-data';
    if (this.#remainingBytes === 0) this.#state = endsChunk ? 'chunk-end' : 'complete';
    this.#sink.onBody(bytes.subarray(offset, end));
    if (endsChunk) this.#sink.onChunkEnd?.();
    return end;
  }

  /** Chunked framing apart from its data: RFC 9112 §7.1. */
  #pushLine(bytes: Buffer, offset: number): number {
    const end = bytes.indexOf(LF, offset);
    this.#text += bytes.toString('latin1', offset, end === -1 ? bytes.length : end);
    if (this.#state === 'chunk-end') {
      // Told without waiting for a line feed: behind a chunk that is too long may come anything, or nothing.
      if (this.#text !== (end === -1 ? '\r'.slice(0, this.#text.length) : '\r')) {
        this.#fail(`chunk is longer than its size says: ${quote(this.#text)} follows it`);
      } else if (end !== -1) {
        this.#text = '';
        this.#state = 'chunk-size';
      }
    } else if (this.#state === 'chunk-size' && this.#text.length > maxChunkLineBytes) {
      this.#fail(`chunk size line of more than ${maxChunkLineBytes} bytes`);
    } else if (this.#trailerBytes + this.#text.length > maxHeadBytes) {
      this.#fail(`trailers of more than ${maxHeadBytes} bytes`);
    } else if (end !== -1) {
      const line = this.#text;
      this.#text = '';
      this.#endLine(line);
    }
    return end === -1 ? bytes.length : end + 1;
  }

  #endLine(line: string): void {
    if (this.#state === 'trailers') {
      this.#trailerBytes += line.length + 1;
      if (line === '\r') this.#state = 'complete';
      return;
    }
    const size = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;.*)?\r$/.exec(line);
    if (size === null) {
      this.#fail(`malformed chunk size line ${quote(line)}`);
      return;
    }
    this.#remainingBytes = Number.parseInt(size[1] ?? '', 16);
    this.#state = this.#remainingBytes === 0 ? 'trailers' : 'chunk-data';
  }
}

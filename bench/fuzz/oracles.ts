import { isDeepStrictEqual } from 'node:util';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { createRandom } from '../../harness/random.ts';
import { randomPieces } from './dice.ts';
import { type ReadResponse, readResponse } from './read-response.ts';

/** What the parser may say; a quotation of what came may differ with where the bytes were cut. */
const parserFailures =
  /^(response head of more than \d+ (bytes|lines)|not an HTTP\/1\.x response: it begins with ".*"|malformed (status line|header line|Content-Length|chunk size line) ".*"|more than \d+ interim responses|both Transfer-Encoding and Content-Length|Transfer-Encoding in an HTTP\/1\.0 response|Transfer-Encoding ".*", which was not asked for|chunk is longer than its size says: ".*" follows it|chunk size line of more than \d+ bytes|trailers of more than \d+ bytes)$/;
const cuts =
  /^the connection was closed (before a response|inside the response head|before the last chunk|\d+ bytes before the end of (the body|a chunk))$/;
const readerFailures =
  /^(retry of (\d+|[\d.]+e\+\d+|Infinity) ms: more than \d+ ms, the longest timer|id of \d+ characters, more than \d+|event name of \d+ characters, more than \d+|line of more than \d+ bytes without an end|event of more than \d+ bytes, with \d+ more for each line of data, without a blank line)$/;
/** Longer inputs come in pieces only: each byte by itself costs some microseconds. */
const mostSingleBytes = 2_000;
/** Nothing that a terminal obeys may be left in words about foreign bytes. */
const controls = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What is wrong with how these bytes are read, in words; null: nothing. The words begin with the oracle's name. */
export function faultOf(bytes: Buffer, seed: number): string | null {
  try {
    const whole = readResponse([bytes]);
    return wrongWords(whole) ?? wrongCuts(bytes, whole, seed) ?? wrongEvents(whole);
  } catch (error) {
    return `throws: ${(error as Error).stack}`;
  }
}

function wrongWords({ failure, cut, eventFailure }: ReadResponse): string | null {
  if (failure !== null && !parserFailures.test(failure)) return `words: ${failure}`;
  if (cut !== null && cut !== failure && !cuts.test(cut)) return `words: ${cut}`;
  if (eventFailure !== null && !readerFailures.test(eventFailure)) return `words: ${eventFailure}`;
  if (failure !== null && cut !== failure) return `words: ${failure}, but at the end ${cut}`;
  for (const text of [failure, cut, eventFailure])
    if (text !== null && controls.test(text)) return `words: a control character in ${JSON.stringify(text)}`;
  return null;
}

function wrongCuts(bytes: Buffer, whole: ReadResponse, seed: number): string | null {
  const ways: [string, Buffer[]][] = [['in pieces', randomPieces(bytes, createRandom(seed))]];
  if (bytes.length <= mostSingleBytes)
    ways.push(['in single bytes', Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))]);
  for (const [way, pieces] of ways) {
    const cut = readResponse(pieces);
    const name = firstDifference(whole, cut);
    if (name !== null)
      return `cuts: ${way}, ${name} is ${JSON.stringify(cut[name])?.slice(0, 300)}, and as a whole ${JSON.stringify(whole[name])?.slice(0, 300)}`;
  }
  return null;
}

function firstDifference(one: ReadResponse, other: ReadResponse): keyof ReadResponse | null {
  for (const name of Object.keys(one) as (keyof ReadResponse)[]) {
    const [a, b] = [one[name], other[name]].map(withoutQuotation);
    if (!isDeepStrictEqual(a, b)) return name;
  }
  return null;
}

function withoutQuotation(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/(longer than its size|begins with).*/s, '$1 …') : value;
}

/** The body as one string through eventsource-parser alone, decoded at once. */
function wrongEvents({ body, events, eventFailure, retryMs }: ReadResponse): string | null {
  if (eventFailure !== null) return null;
  const expected: EventSourceMessage[] = [];
  let expectedRetry: number | null = null;
  const parser = createParser({
    onEvent: (event) => expected.push(event),
    onRetry: (retry) => {
      expectedRetry = retry;
    },
  });
  parser.feed(new TextDecoder('utf-8', { ignoreBOM: true }).decode(body));
  if (!isDeepStrictEqual(events, expected))
    return `events: ${JSON.stringify(events).slice(0, 300)} and not ${JSON.stringify(expected).slice(0, 300)}`;
  if (retryMs !== expectedRetry) return `events: retry ${retryMs} and not ${expectedRetry}`;
  return null;
}

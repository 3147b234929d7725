import type { Socket } from 'node:net';
import type { Client } from 'autocannon';
import { HydrotestError } from './errors.ts';
import { dial } from './streams/dial.ts';
import type { RequestTarget } from './streams/http-request.ts';
import { maxHeadBytes, maxHeaderCount } from './streams/http-response-parser.ts';
import { isRedirect, unfollowed } from './streams/redirect.ts';

/** What autocannon's client is made of, as far as it is reached into here. */
interface Inside extends Client {
  conn: Socket;
  destroyed: boolean;
  readonly parser: {
    /** Of head or chunked framing, as far as it has come. */
    readonly line: string;
    /** Names and values in turn. */
    readonly trailers: readonly string[];
    execute(bytes: Buffer): number | Error;
    /** The connection is over: ends a body that ends with it, or says that it was cut. */
    finish(): Error | undefined;
    reinitialize(type: 'RESPONSE'): void;
  };
  /** Made behind `setupClient` and before the first connection (retimer). */
  readonly timeoutTicker: { _schedule(ms: number): void };
  readonly pipelinedRequests: { clear(): void; addBody(bytes: Buffer): void };
  _connect(): void;
  _doRequest(): void;
}

interface Head {
  statusCode: number;
  /** Names and values in turn. */
  headers: readonly string[];
}

/**
 * Gives an autocannon client a connection that a bad server can do no harm to, in place of its own, which gathers whatever comes
 * (a line or a body without an end), reads the next response in the middle of a broken one, goes on behind one that it could not
 * read, counts no connection that ended without an answer, and takes any certificate. `onProblem` is told in words what was
 * wrong with an answer, and where a redirect, which autocannon never follows, would have led.
 */
export function guardClient(
  client: Client,
  target: RequestTarget,
  onProblem: (problem: string) => void,
): void {
  const inside = client as Inside;
  if (typeof inside._connect !== 'function' || inside.parser === undefined) {
    throw new HydrotestError('internal', 'autocannon has other insides than those that are guarded here');
  }
  // Nobody looks at them, and one without an end would fill memory.
  inside.pipelinedRequests.addBody = () => {};
  /** Since the last answer, and answers, on this connection. */
  let receivedBytes = 0;
  let answerCount = 0;

  client.on('response', () => {
    receivedBytes = 0;
    answerCount += 1;
  });
  client.on('headers', (head) => {
    const { statusCode, headers } = head as unknown as Head;
    const at = headers.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === 'location');
    if (at !== -1 && isRedirect(statusCode)) onProblem(unfollowed(statusCode, headers[at + 1] ?? ''));
  });

  let hasTicker = false;
  inside._connect = () => {
    if (!hasTicker) tickAtLeast(inside.timeoutTicker, 1);
    hasTicker = true;
    inside.parser.reinitialize('RESPONSE');
    inside.pipelinedRequests.clear();
    receivedBytes = 0;
    answerCount = 0;
    const { socket } = dial(target);
    inside.conn = socket;
    const again = (): void => {
      socket.removeAllListeners('data').removeAllListeners('end').destroy();
      if (!inside.destroyed && inside.conn === socket) inside._connect();
    };
    const fail = (error: Error): void => {
      if (inside.conn !== socket || inside.destroyed) return;
      onProblem(error.message);
      inside.emit('connError', error);
      again();
    };
    socket.on('error', fail);
    socket.on('data', (bytes: Buffer) => {
      receivedBytes += bytes.length;
      const read = inside.parser.execute(bytes);
      const wrong = read instanceof Error ? read.message : overLimit(inside.parser);
      if (wrong !== null) fail(new Error(wrong));
    });
    socket.on('end', () => {
      if (inside.destroyed || inside.conn !== socket) return;
      // What autocannon had begun on a connection that had been answered is lost without a fault: it is made up for.
      if (receivedBytes === 0) {
        if (answerCount > 0) again();
        else fail(new Error('the connection was closed before a response'));
        return;
      }
      const cut = inside.parser.finish();
      if (cut instanceof Error) fail(new Error('the connection was closed inside the response'));
      else again();
    });
    inside._doRequest();
  };
}

/** Where the event loop was late, retimer asks for less than nothing, and Node would print a TimeoutNegativeWarning. */
function tickAtLeast(ticker: Inside['timeoutTicker'], leastMs: number): void {
  const schedule = ticker._schedule.bind(ticker);
  ticker._schedule = (ms) => schedule(Math.max(leastMs, ms));
}

/** In words, or null: all is within limits. What has a size says so before it comes, and bodies are not kept. */
function overLimit({ line, trailers }: Inside['parser']): string | null {
  if (line.length > maxHeadBytes) return `line of more than ${maxHeadBytes} bytes without an end`;
  if (trailers.length > 2 * maxHeaderCount) return `trailers of more than ${maxHeaderCount} lines`;
  return null;
}

import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { tab } from '../tab.ts';
import {
  type AnsweringServer,
  probePath,
  type SeenRequest,
  startAnsweringServer,
} from './answering-server.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { Differences } from './differences.ts';
import { type Dispatch, watchDispatches } from './dispatch-watch.ts';
import { until } from './until.ts';

/** The values of `readyState`. */
const CONNECTING = 0;
const OPEN = 1;
const CLOSED = 2;

/**
 * Runs a case against a tab; returns what was not as it should be: in what the EventSource dispatched, in what
 * the tab's own record says of it, and in what the server was asked.
 */
export async function runTab(one: ConformanceCase, withinMs: number): Promise<string[]> {
  const differences = new Differences();
  const server = await startAnsweringServer(one.answers, 'whole');
  const bracket = one.retryMs === null ? null : new RetryBracket(server, one.retryMs);
  const dispatches: Dispatch[] = [];
  const endWatch = watchDispatches(server.origin, (dispatch) => {
    dispatches.push(dispatch);
    if (one.closesAtOpen && dispatch.kind === 'open') stream.end();
    if (isLoss(dispatch)) bracket?.start();
  });
  const stream = tab.open({ url: `${server.origin}/`, headers: {} });
  const expected = expectedDispatches(one);
  await differences.arrives(until('all is dispatched', () => dispatches.length >= expected.length, withinMs));
  if (bracket !== null) await differences.arrives(until('the probes came', () => bracket.isOver(), withinMs));
  stream.end();
  const record = await stream.ended;
  // What is left in a buffer of a stream that was closed comes now, or not at all.
  await nextTurn();
  endWatch();
  bracket?.close();
  await server.close();

  differences.compare('dispatched', dispatches, expected);
  const messages = expected.filter((dispatch) => dispatch.kind === 'message');
  differences.compare('number of events', record.eventCount, messages.length);
  differences.compare('last event id', stream.lastEventId, messages.at(-1)?.lastEventId ?? '');
  differences.compare('reconnections', record.reconnectCount, expected.filter(isLoss).length);
  const refusal = one.answers.at(-1)?.head.startsWith('HTTP/1.1 200') ? 'protocol-error' : 'refused';
  const givesUp = one.answers.at(-1)?.kind === 'failure';
  differences.compare('ending', record.ending, givesUp ? refusal : 'client');

  const requests = server.requests.filter((request) => request !== null);
  const own = requests.filter((request) => !isProbe(request));
  differences.requests(own, one.requests);
  if (givesUp) differences.compare('number of requests', own.length, one.answers.length);
  bracket?.judge(requests, differences);
  return differences.found;
}

function expectedDispatches(one: ConformanceCase): Dispatch[] {
  const open: Dispatch = { kind: 'open', readyState: OPEN, isSimple: true };
  const lost: Dispatch = { kind: 'error', readyState: CONNECTING, isSimple: true };
  const failed: Dispatch = { kind: 'error', readyState: CLOSED, isSimple: true };
  if (one.closesAtOpen) return [open];
  return one.answers.flatMap(({ kind, events, stays }): Dispatch[] => {
    if (kind === 'redirect') return [];
    if (kind === 'failure') return [failed];
    const messages = events.map((event) => ({ kind: 'message' as const, ...event }));
    return [open, ...messages, ...(stays ? [] : [lost])];
  });
}

function isLoss(dispatch: Dispatch): boolean {
  return dispatch.kind === 'error' && dispatch.readyState === CONNECTING;
}

function isProbe(request: SeenRequest): boolean {
  return request.path.startsWith(probePath);
}

/**
 * Holds the reconnection time between two connections of our own, begun with the loss a quarter sooner and later. The
 * timers of one process fire in their order, and connections over loopback are accepted in theirs: so this reads no
 * clock, and a slow machine changes nothing. The quarter is what the suite allows.
 */
class RetryBracket {
  readonly #server: AnsweringServer;
  readonly #retryMs: number;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #sockets: Socket[] = [];

  constructor(server: AnsweringServer, retryMs: number) {
    this.#server = server;
    this.#retryMs = retryMs;
  }

  /** At the first loss; at others it does nothing. */
  start(): void {
    if (this.#timers.length > 0) return;
    for (const [name, share] of [
      ['early', 0.75],
      ['late', 1.25],
    ] as const) {
      this.#timers.push(setTimeout(() => this.#probe(name), share * this.#retryMs));
    }
  }

  isOver(): boolean {
    return this.#server.requests.filter((request) => request !== null && isProbe(request)).length === 2;
  }

  judge(requests: readonly SeenRequest[], differences: Differences): void {
    const order = requests.map(({ path }) => path).slice(0, 4);
    const expected = ['/', `${probePath}-early`, '/', `${probePath}-late`];
    differences.compare(`order around ${this.#retryMs} ms`, order, expected);
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
  }

  #probe(name: string): void {
    const socket = connect(Number(new URL(this.#server.origin).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET ${probePath}-${name} HTTP/1.1\r\nHost: probe\r\n\r\n`);
    this.#sockets.push(socket);
  }
}

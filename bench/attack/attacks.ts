import { attackOnce } from './connection.ts';
import { attackFile, fileTricks } from './files.ts';
import { connectAndReset } from './flood.ts';
import { readNothing } from './slow-reader.ts';
import { traversalIds } from './traversal.ts';

/** One kind of hostile client. */
export interface Attack {
  name: string;
  /** One sentence: what each of its connections does. */
  does: string;
  /** Connections that each process has open at a time. */
  atOnce: number;
  /** Processes that attack; default 1. One is not enough where the goal is as many connections a second as there can be. */
  processes?: number;
  /** Connections in a small cycle of the leak measurement. */
  dose: number;
  /** What the server may do about it: a connection with another outcome has not met the defence that is measured. */
  outcomes: readonly string[];
  /** Resolves with the outcome of one connection (see outcome.ts). */
  strike(target: AttackTarget): Promise<string>;
}

export interface AttackTarget {
  port: number;
  /** A workflow that good clients follow. */
  key: string;
  /** The folder of the workflows. */
  dir: string;
  /** How many connections this process began before. */
  n: number;
  /** A number in [0, 1). */
  random(): number;
}

const half = 'GET /health HTTP/1.1\r\nHost: test\r\n';

/** An answer that meets bytes still on their way is lost now and then: the kernel sends a reset behind it. */
const answeredWith = (...statuses: string[]) => [...statuses, 'closed', 'reset'];

export const attacks: readonly Attack[] = [
  {
    name: 'slow headers',
    does: 'sends half of a request, and a header line now and then',
    atOnce: 2000,
    dose: 400,
    outcomes: answeredWith('408'),
    strike: ({ port }) =>
      attackOnce({
        port,
        bytes: half,
        trickle: { bytes: 'X-More: 1\r\n', everyMs: 200 },
        leavesAfterMs: null,
      }),
  },
  {
    name: 'slow body',
    does: 'announces a body of 10 MB, and sends a byte of it now and then',
    atOnce: 200,
    dose: 400,
    outcomes: answeredWith('413'),
    strike: ({ port }) =>
      attackOnce({
        port,
        bytes: `${half}Content-Length: 10000000\r\n\r\n`,
        trickle: { bytes: 'x', everyMs: 100 },
        leavesAfterMs: null,
      }),
  },
  {
    name: 'many headers',
    does: 'sends 3,000 headers',
    atOnce: 100,
    dose: 400,
    outcomes: answeredWith('431'),
    strike: ({ port }) =>
      attackOnce({ port, bytes: `${half}${'X: 12345\r\n'.repeat(3000)}\r\n`, leavesAfterMs: null }),
  },
  {
    name: 'long target',
    does: 'asks for a path of 2 MB',
    atOnce: 50,
    dose: 100,
    outcomes: answeredWith('414', '431'),
    strike: ({ port }) => attackOnce({ port, bytes: longTarget, leavesAfterMs: null }),
  },
  {
    name: 'garbage',
    does: 'sends bytes that are no HTTP',
    atOnce: 100,
    dose: 400,
    outcomes: ['400'],
    strike: ({ port, random }) =>
      attackOnce({
        port,
        bytes: Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256))),
        leavesAfterMs: null,
      }),
  },
  {
    name: 'tls hello',
    does: 'begins a handshake of TLS on the port of plain HTTP',
    atOnce: 100,
    dose: 400,
    outcomes: ['400'],
    strike: ({ port }) =>
      attackOnce({
        port,
        bytes: Buffer.from(`160301006c010000680303${'ab'.repeat(100)}`, 'hex'),
        leavesAfterMs: null,
      }),
  },
  {
    name: 'pipelining',
    does: 'asks for a thousand streams in one write',
    atOnce: 50,
    dose: 300,
    outcomes: answeredWith('200'),
    strike: ({ port, n }) => attackOnce({ port, bytes: thousandStreams(n), leavesAfterMs: null }),
  },
  {
    name: 'traversal',
    does: `asks for a file outside of the folder, in one of ${traversalIds.length} spellings`,
    atOnce: 100,
    dose: 4 * traversalIds.length,
    outcomes: ['400', '404'],
    strike: ({ port, n }) =>
      attackOnce({
        port,
        bytes: Buffer.from(
          `GET /api/events/${traversalIds[n % traversalIds.length]}/stream HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n`,
          'latin1',
        ),
        leavesAfterMs: null,
      }),
  },
  {
    name: 'connect and reset',
    does: 'connects, and is gone at once with a reset',
    atOnce: 100,
    processes: 2,
    dose: 800,
    outcomes: ['left'],
    strike: ({ port }) => connectAndReset(port),
  },
  {
    name: 'connect flood',
    does: 'the same, six thousand at a time: more than the kernel holds for a server that is busy',
    atOnce: 3000,
    processes: 2,
    dose: 800,
    outcomes: ['left'],
    strike: ({ port }) => connectAndReset(port),
  },
  {
    name: 'silence',
    does: 'connects, and never says a word',
    atOnce: 1500,
    processes: 2,
    dose: 400,
    outcomes: answeredWith('408'),
    strike: ({ port }) => attackOnce({ port, leavesAfterMs: null }),
  },
  {
    name: 'idle keep-alive',
    does: 'asks once, and keeps its connection for a second without using it',
    atOnce: 1500,
    dose: 400,
    outcomes: ['200', 'held'],
    strike: ({ port }) => attackOnce({ port, bytes: `${half}\r\n`, leavesAfterMs: 1000 }),
  },
  {
    name: 'slow readers',
    does: 'asks for a long history, and takes nothing of it for seven seconds',
    atOnce: 200,
    dose: 100,
    outcomes: ['left'],
    strike: readNothing,
  },
  {
    name: 'files',
    does: `follows a file, puts one of ${fileTricks.length} things in its place, then a good file again`,
    atOnce: 40,
    // Each takes a third of a second and a server's heap is never the same to some KB: with a third of this the verdict stayed open.
    dose: 24 * fileTricks.length,
    outcomes: ['served'],
    strike: attackFile,
  },
];

const longTarget = Buffer.alloc(2_000_000, 'x');
longTarget.write('GET /');

/** As many different workflows, so that no limit of one of them is what ends it. */
function thousandStreams(n: number): string {
  return Array.from(
    { length: 1000 },
    (_, at) => `GET /api/events/piped-${n}-${at}/stream HTTP/1.1\r\nHost: test\r\n\r\n`,
  ).join('');
}

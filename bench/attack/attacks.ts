import { attackOnce } from './connection.ts';

/** One kind of hostile client. */
export interface Attack {
  name: string;
  /** One sentence: what each of its connections does. */
  does: string;
  /** Connections that it has open at a time. */
  atOnce: number;
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
  /** A number in [0, 1). */
  random(): number;
}

export const attacks: readonly Attack[] = [
  {
    name: 'slow headers',
    does: 'sends half of a request, and a header line now and then',
    atOnce: 2000,
    dose: 400,
    outcomes: ['408', 'closed', 'reset'],
    strike: ({ port }) =>
      attackOnce({
        port,
        bytes: 'GET / HTTP/1.1\r\nHost: test\r\n',
        trickle: { bytes: 'X-More: 1\r\n', everyMs: 200 },
        leavesAfterMs: null,
      }),
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
];

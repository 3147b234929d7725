import { connect } from 'node:net';

/** One hostile connection. */
export interface Manners {
  port: number;
  /** Sent as soon as the connection is there. */
  bytes?: string | Buffer;
  /** Sent every `everyMs` as long as the connection lasts. */
  trickle?: { bytes: string; everyMs: number };
  /** False: nothing that comes is read. */
  reads?: boolean;
  /** After how long the attacker leaves, counted from the connect; null: it waits until the server has enough. */
  leavesAfterMs: number | null;
  /** How it leaves; default `'fin'`. */
  leaves?: 'fin' | 'rst';
}

/** An answer in the middle of which the attacker gives up all the same: the server has hung, and the bench must not. */
const GIVES_UP_MS = 60_000;

/** Resolves with the outcome (see outcome.ts) once the connection is over. Never rejects. */
export function attackOnce(manners: Manners): Promise<string> {
  const { port, bytes, trickle, reads = true, leavesAfterMs, leaves = 'fin' } = manners;
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const timers: NodeJS.Timeout[] = [];
    let head = '';
    let connected = false;
    let leftFirst = false;
    let code = '';
    const leave = () => {
      leftFirst = true;
      if (leaves === 'rst') socket.resetAndDestroy();
      else socket.destroy();
    };
    socket.on('connect', () => {
      connected = true;
      if (bytes !== undefined) socket.write(bytes);
      if (trickle !== undefined)
        timers.push(setInterval(() => socket.writable && socket.write(trickle.bytes), trickle.everyMs));
      if (!reads) socket.pause();
      if (leavesAfterMs === 0) leave();
      else timers.push(setTimeout(leave, leavesAfterMs ?? GIVES_UP_MS));
    });
    if (reads)
      socket.on('data', (chunk) => {
        if (head.length < 12) head += chunk.toString('latin1', 0, 12);
      });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code ?? '';
    });
    socket.on('close', () => {
      for (const timer of timers) clearTimeout(timer);
      resolve(outcomeOf({ status: /^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1], connected, leftFirst, code }));
    });
  });
}

function outcomeOf(end: {
  status: string | undefined;
  connected: boolean;
  leftFirst: boolean;
  code: string;
}): string {
  if (end.status !== undefined) return end.status === '200' && end.leftFirst ? 'held' : end.status;
  if (!end.connected) return 'refused';
  if (end.leftFirst) return 'left';
  return end.code === '' ? 'closed' : 'reset';
}

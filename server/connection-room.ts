import type { Socket } from 'node:net';

/**
 * The connections without a stream: those that have not sent a request yet, whose answer is under way, and that are kept for
 * another request. There is room for so many; then the one that has been here longest makes room for the next.
 *
 * A cap that refuses the next one instead would lock out the good clients first: whoever is silent stays, and a good client needs
 * but a moment from its connect to its stream. An attacker that fills the room only drives out itself.
 */
export interface ConnectionRoom {
  /** Connections, with and without a stream. */
  readonly connectionCount: number;
  /** Of these, the ones without a stream. */
  readonly waitingCount: number;
  /** A new connection. */
  enter(socket: Socket): void;
  /** A stream has begun on the connection. */
  leave(socket: Socket): void;
  /** The stream on the connection has ended, and the connection has not. */
  comeBack(socket: Socket): void;
}

export interface ConnectionRoomOptions {
  /** Connections without a stream at a time. */
  maxWaiting: number;
  /** Told of each connection that had to make room, before it is destroyed. */
  onPushedOut(socket: Socket): void;
}

export function createConnectionRoom({ maxWaiting, onPushedOut }: ConnectionRoomOptions): ConnectionRoom {
  /** In the order in which they came. */
  const waiting = new Set<Socket>();
  let connectionCount = 0;

  function wait(socket: Socket): void {
    if (waiting.size >= maxWaiting) {
      const [oldest] = waiting;
      if (oldest !== undefined) {
        waiting.delete(oldest);
        onPushedOut(oldest);
        oldest.destroy();
      }
    }
    waiting.add(socket);
  }

  return {
    get connectionCount() {
      return connectionCount;
    },
    get waitingCount() {
      return waiting.size;
    },
    enter(socket) {
      connectionCount += 1;
      socket.once('close', () => {
        connectionCount -= 1;
        waiting.delete(socket);
      });
      wait(socket);
    },
    leave: (socket) => void waiting.delete(socket),
    comeBack(socket) {
      if (!socket.destroyed) wait(socket);
    },
  };
}

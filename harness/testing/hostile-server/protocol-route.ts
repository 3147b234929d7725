import type { ProtocolName } from '../../model.ts';
import type { HostileRoute } from './route.ts';

/** A bad peer of another protocol than event streams over GET: what it does, and what clients have to make of it. */
export interface ProtocolRoute extends Pick<HostileRoute, 'does' | 'at' | 'act'> {
  protocol: ProtocolName;
  /** What the record of a client that reads once has to say, as `recordLine` writes it. */
  raw: RegExp;
  /** The same of a tab's; default: as `raw`. */
  tab?: RegExp;
}

/** Writes a piece each turn of the event loop, without an end, as long as somebody takes it. */
export function steadily(piece: Buffer): HostileRoute['act'] {
  return (socket) => {
    const more = (): void => {
      if (!socket.writable) return;
      if (socket.write(piece)) setImmediate(more);
      else socket.once('drain', more);
    };
    more();
  };
}

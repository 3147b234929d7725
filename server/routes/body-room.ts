import type { IncomingMessage } from 'node:http';

const FIRST_BYTES = 1024;

/** What became of a body. `gone`: the client has ended the request before its end. */
export type Body =
  | { state: 'whole'; bytes: Buffer; release(): void }
  | { state: 'too long' | 'too slow' | 'no room' | 'gone' };

export interface BodyRoom {
  /** Reads the body of a request. What is whole takes room until `release` is called. */
  read(request: IncomingMessage): Promise<Body>;
  /** Of all bodies that are being read or were not released. */
  readonly heldBytes: number;
}

export interface BodyRoomOptions {
  maxBodyBytes: number;
  /** Of all bodies together. */
  maxHeldBytes: number;
  timeoutMs: number;
}

/**
 * Reads bodies, all together in a bounded piece of memory. Counted is what has come and not what was announced: a thousand clients that
 * announce much and send nothing keep nobody out.
 */
export function createBodyRoom({ maxBodyBytes, maxHeldBytes, timeoutMs }: BodyRoomOptions): BodyRoom {
  let heldBytes = 0;

  function read(request: IncomingMessage): Promise<Body> {
    return new Promise((resolve) => {
      const announced = Number(request.headers['content-length'] ?? Number.NaN);
      const most = Number.isNaN(announced) ? maxBodyBytes : announced;
      // One buffer that grows, as a body may arrive byte by byte.
      let held = Buffer.alloc(0);
      let length = 0;

      function end(body: Body): void {
        clearTimeout(timer);
        request.off('data', take).off('end', finish).off('close', leave).off('error', leave);
        if (body.state !== 'whole') release();
        resolve(body);
      }
      function release(): void {
        heldBytes -= held.length;
        held = Buffer.alloc(0);
      }
      function take(chunk: Buffer): void {
        const needed = length + chunk.length;
        if (needed > maxBodyBytes) {
          end({ state: 'too long' });
          return;
        }
        if (needed > held.length && !grow(needed)) {
          end({ state: 'no room' });
          return;
        }
        chunk.copy(held, length);
        length = needed;
      }
      function grow(needed: number): boolean {
        const size = Math.max(needed, Math.min(Math.max(2 * needed, FIRST_BYTES), most));
        if (heldBytes - held.length + size > maxHeldBytes) return false;
        const grown = Buffer.allocUnsafeSlow(size);
        held.copy(grown, 0, 0, length);
        heldBytes += size - held.length;
        held = grown;
        return true;
      }
      const finish = () => end({ state: 'whole', bytes: held.subarray(0, length), release });
      const leave = () => end({ state: 'gone' });
      const timer = setTimeout(() => end({ state: 'too slow' }), timeoutMs);

      if (most > maxBodyBytes) end({ state: 'too long' });
      else request.on('data', take).on('end', finish).on('close', leave).on('error', leave);
    });
  }

  return {
    read,
    get heldBytes() {
      return heldBytes;
    },
  };
}

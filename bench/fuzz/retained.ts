import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ResponseClient } from './read-response.ts';

const MIB = 2 ** 20;
/** What is fed to a client whose peer never stops. */
const FED_BYTES = 24 * MIB;
/** The longest event is 5 MiB, which are 10 as UTF-16; twice as much is a leak. */
export const maxRetainedBytes = 20 * MIB;

/** Repeats a response's end for ever and looks at what the client keeps of it. Null: within its bound. */
export function retainedFaultOf(bytes: Buffer, tailBytes: number): string | null {
  const tail = bytes.subarray(-tailBytes);
  if (tail.length === 0) return null;
  const piece = Buffer.concat(Array<Buffer>(Math.ceil(65_536 / tail.length)).fill(tail));
  const before = usedBytes();
  const client = new ResponseClient(
    () => {},
    () => {},
  );
  client.parser.push(bytes);
  for (let fed = 0; fed < FED_BYTES; fed += piece.length) {
    if (client.parser.failure !== null || client.parser.complete || client.reader.failure !== null) break;
    client.parser.push(piece);
  }
  const grown = usedBytes() - before;
  // Read behind the measurement: what nobody will read again may be collected before.
  const ending = client.parser.failure ?? client.reader.failure ?? 'it reads on';
  return grown > maxRetainedBytes ? `retained: ${Math.round(grown / MIB)} MiB; ${ending}` : null;
}

let collect: (() => void) | null = null;

function usedBytes(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

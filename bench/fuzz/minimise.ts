/**
 * Leaves out whatever can be left out while `fails` holds: halves, quarters, … single bytes, again and again until nothing more goes.
 * At most `mostTries` looks.
 */
export function minimise(bytes: Buffer, fails: (bytes: Buffer) => boolean, mostTries = 2_000): Buffer {
  let best = bytes;
  let tries = 0;
  for (let before = Infinity; best.length < before; ) {
    before = best.length;
    for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < best.length && tries < mostTries; ) {
        const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
        tries += 1;
        if (fails(shorter)) best = shorter;
        else at += size;
      }
    }
  }
  return best;
}

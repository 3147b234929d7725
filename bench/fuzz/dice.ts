export type Random = () => number;

/** From 0 to `below` − 1. */
export function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

export function chance(random: Random, share: number): boolean {
  return random() < share;
}

export function pick<T>(random: Random, [first, ...rest]: readonly T[]): T {
  return [first as T, ...rest][whole(random, rest.length + 1)] as T;
}

/** Cuts bytes into pieces of random sizes: mostly small ones, some larger. */
export function randomPieces(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + whole(random, chance(random, 0.8) ? 12 : 400);
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

/** Entries live 10 s, but are only looked at when they are read again: what nobody asks for stays. */
import { greet, serve } from '../serve.ts';

const LIFE_MS = 10_000;
const cache = new Map<number, { expiresAt: number; values: number[] }>();
let visits = 0;

function read(id: number): number[] | null {
  const entry = cache.get(id);
  if (entry !== undefined && entry.expiresAt > Date.now()) return entry.values;
  cache.delete(id);
  return null;
}

serve((_request, response) => {
  greet(response);
  if (read(++visits) !== null) return;
  cache.set(visits, { expiresAt: Date.now() + LIFE_MS, values: new Array(60).fill(visits) });
});

import type { DoseUnit, LeakEvidence } from '../model.ts';

export type LeakProbe = LeakEvidence['probe'];

/**
 * The smallest rate that is called a leak, in bytes a unit. After forced collection the largest upper bound seen on a
 * leak-free server was 42 B a connection, and a leak of 64 B is to be found with room for its interval: 48 B lies between.
 * Ordinary leaks of streams (a response, a timer, a closure) cost about 4 KB; anonymous memory is some 13 times noisier and biased upwards. Events are smaller and come by the million, and
 * a cycle holds thousands of them, so both their noise and the bearable rate are lower.
 *
 * Seconds: 18 idle cycles of 0.4 and 0.8 s bound a rate to within a third of one reading's noise a second (simulated),
 * 36 to a tenth, 72 to a thirtieth. With 8 KB of noise, 2,048 B a second is told from zero by the second look, with 24 KB by
 * the second or third; it is 500 MB in 2.8 days. Anonymous memory, with 313 KB of noise, gets to 10 KB a second in its third look.
 */
export function leakDelta(probe: LeakProbe, unit: DoseUnit): number {
  return DELTA_BYTES[kindOf(probe)][unit];
}

/** Live bytes after collection, or pages with whatever garbage lies in them. */
export function kindOf(probe: LeakProbe): 'heap' | 'pages' {
  return probe === 'heap' ? 'heap' : 'pages';
}

const DELTA_BYTES: Record<'heap' | 'pages', Record<DoseUnit, number>> = {
  heap: { connection: 48, rejection: 48, event: 16, second: 2048 },
  pages: { connection: 256, rejection: 256, event: 64, second: 16_384 },
};

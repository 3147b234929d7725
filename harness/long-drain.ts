import type { CycleEntry, DrainEntry, JournalEntry } from './model.ts';
import { drain, type Session } from './session.ts';
import { levelOf } from './verdict/observations.ts';
import { sleep } from './waiting.ts';

export interface LongDrainOptions {
  scenario: string;
  session: Session;
  signal: AbortSignal;
  attempt: number;
  moment: DrainEntry['moment'];
  /** The cycles of each path whose bytes may come back. */
  paths: ReadonlyMap<string, readonly CycleEntry[]>;
  graceMs: number;
  /** What grows on while nobody is there, up to this, is waited for no longer: it may take the machine down. */
  mostRssBytes: number;
  heldCount(): number;
  elapsedMs(): number;
  write(entry: JournalEntry): void;
  onWait(seconds: number): void;
}

/** Often enough to say when it came back; each look is a forced collection, which takes seconds on a large heap. */
const LOOK_EVERY_MS = 5000;
const LOOKS = 15;

/** What has come back to this part of its growth will come back altogether. */
const BACK_RATIO = 0.02;

/** As little as the noise of a collected heap between two looks. */
const STILL_FALLING_BYTES = 16_384;

/**
 * Leaves the target alone until the longest usual time-outs have passed, and reads its memory now and then: bytes that come
 * back were only held for some time. Ends early once they all have. Returns which part of the growth was kept, or null where
 * nothing had grown.
 */
export async function longDrain(options: LongDrainOptions): Promise<number | null> {
  const { scenario, session, signal, attempt, moment, graceMs, write } = options;
  const level = session.probe.capabilities.level;
  const all = [...options.paths.values()].flat();
  const base = all.find(({ warmup }) => !warmup) ?? all[0];
  const baseBytes = base === undefined ? null : levelOf(base.reading, level);
  const began = performance.now();
  let isFirst = true;
  let grownBytes: number | null = null;
  let keptBytes: number | null = null;
  let previousBytes = Infinity;
  for (;;) {
    const waitedMs = isFirst ? 0 : performance.now() - began;
    isFirst = false;
    await drain(session, options.heldCount(), signal);
    const reading = await session.probe.readQuiet({ signal });
    const paths = [...options.paths.keys()];
    write({
      type: 'drain',
      scenario,
      elapsedMs: options.elapsedMs(),
      attempt,
      moment,
      paths,
      waitedMs,
      reading,
    });
    options.onWait(Math.round(waitedMs / 1000));
    const levelBytes = levelOf(reading, level);
    const leftMs = graceMs - (performance.now() - began);
    // What was not read has not come back.
    if (levelBytes !== null && baseBytes !== null) {
      keptBytes = levelBytes - baseBytes;
      grownBytes ??= keptBytes;
      // Before the cycles nobody knows how much there is to come back: what has stopped falling is the base.
      const fallBytes = previousBytes - keptBytes;
      previousBytes = keptBytes;
      if (moment === 'before' && fallBytes < STILL_FALLING_BYTES) return null;
      if (moment === 'after' && keptBytes <= grownBytes * BACK_RATIO) return ratioOf(keptBytes, grownBytes);
    }
    if (leftMs <= 0 || reading.rssBytes > options.mostRssBytes) return ratioOf(keptBytes, grownBytes);
    await sleep(Math.min(LOOK_EVERY_MS, graceMs / LOOKS, leftMs), signal);
  }
}

function ratioOf(keptBytes: number | null, grownBytes: number | null): number | null {
  return keptBytes === null || grownBytes === null || grownBytes <= 0 ? null : keptBytes / grownBytes;
}

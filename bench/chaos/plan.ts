import { createRandom } from '../../harness/random.ts';
import type { Fault, Machine, Moment } from './fault.ts';
import { faults } from './faults/index.ts';
import { RUN_KINDS, type RunKind, type TargetName } from './run-kinds.ts';

/** One run of the program, and what is done to it. The same seed and number give the same case on the same machine. */
export interface ChaosCase {
  number: number;
  /** Null: a clean run. */
  fault: Fault | null;
  kind: RunKind;
  target: TargetName;
  /** Whether the target's heap is read. */
  inspect: boolean;
  /** Null: the fault is there from the beginning, or there is none. */
  moment: Moment | null;
  /** For all random numbers of the case, and the program's own `--seed`. */
  seed: number;
}

/** Of so many cases one is a clean run. */
const CLEAN_EVERY = 6;
const INSPECT_SHARE = 0.2;

/** Longest delay after an anchor, ms; after `ready` it is as long as the run goes on. */
const LONGEST_DELAY_MS = { spawn: 900, journal: 500, 'clean-up': 400, end: 250 };

/** Of the faults that can be made here each comes as often as any other, in a new order each time. */
export function planCase(seed: number, number: number, machine: Machine): ChaosCase {
  const caseSeed = (Math.imul(seed, 1_000_003) + number) >>> 0;
  const random = createRandom(caseSeed);
  const fault = faultOf(seed, number, machine);
  const targetsOf = (kind: RunKind) =>
    kind.targets.filter(
      (name) => (fault?.targets.includes(name) ?? true) && (name !== 'python' || machine.python !== null),
    );
  const kinds = RUN_KINDS.filter(
    (kind) => (fault?.kinds.includes(kind.name) ?? kind.short) && targetsOf(kind).length > 0,
  );
  const kind = pick(kinds, random);
  const target = pick(targetsOf(kind), random);
  const inspect = random() < INSPECT_SHARE;
  const moment = fault === null ? null : momentOf(fault, kind, random);
  return { number, fault, kind, target, inspect, moment, seed: caseSeed };
}

/** Null: this one is a clean run. */
function faultOf(seed: number, number: number, machine: Machine): Fault | null {
  const position = number % CLEAN_EVERY;
  if (position === CLEAN_EVERY - 1) return null;
  const possible = faults.filter((fault) => (fault.unfit?.(machine) ?? null) === null);
  const turn = Math.floor(number / CLEAN_EVERY) * (CLEAN_EVERY - 1) + position;
  const round = shuffle(possible, createRandom(seed + Math.floor(turn / possible.length)));
  return round[turn % possible.length] ?? null;
}

function momentOf(fault: Fault, kind: RunKind, random: () => number): Moment | null {
  if (fault.anchors.length === 0) return null;
  // The end of a long run is not waited for.
  const soon = fault.anchors.filter((one) => kind.short || (one !== 'clean-up' && one !== 'end'));
  const anchor = pick(soon, random);
  const longest = anchor === 'ready' ? kind.lastsMs : LONGEST_DELAY_MS[anchor];
  return { anchor, delayMs: Math.round(random() * longest) };
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
}

/** Fisher and Yates. */
function shuffle<Item>(items: readonly Item[], random: () => number): Item[] {
  const shuffled = [...items];
  for (let i = shuffled.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [shuffled[i], shuffled[j]] = [shuffled[j] as Item, shuffled[i] as Item];
  }
  return shuffled;
}

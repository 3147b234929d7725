import type { ChildProcess } from 'node:child_process';
import type { CaseProcess, Role } from './census.ts';
import type { RunKind, TargetName } from './run-kinds.ts';
import type { Sandbox } from './sandbox.ts';

/**
 * Something that can be seen from outside: the program was started, its journal begins, its target is ready, the clean-up
 * of the scenario begins, the journal ends and the reports are made.
 */
export type Anchor = 'spawn' | 'journal' | 'ready' | 'clean-up' | 'end';

/** When a fault comes. */
export interface Moment {
  anchor: Anchor;
  delayMs: number;
}

/** What the program is started with. A fault may change it before. */
export interface Launch {
  /** Shell command of the target. */
  command: string;
  /** Other arguments of `hydrotest run`, without `--out`. */
  args: string[];
  outDir: string;
  /** A program that starts ours, with its arguments; empty: none. */
  through: string[];
}

/** A case that goes on. */
export interface Scene {
  sandbox: Sandbox;
  launch: Launch;
  /** The same numbers each time that the case is repeated. */
  random(): number;
}

/** A scene whose program runs. */
export interface LiveScene extends Scene {
  harness: ChildProcess;
  /** The first process of a kind, as soon as there is one; null when the program ended before. */
  find(role: Role): Promise<CaseProcess | null>;
  /** Waits; less long where the program ends. */
  pause(ms: number): Promise<void>;
  hasEnded(): boolean;
}

/** What one of them needs: where it is missing, the fault is left out or made in another way. */
export interface Machine {
  canMount: boolean;
  /** Where memory groups can be made, or null. */
  memoryGroups: { folder: string; limitFile: string } | null;
  /** Path of an interpreter, or null. */
  python: string | null;
}

/** How the program may end: an exit code, or the name of the signal that ended it. */
export type Ending = number | NodeJS.Signals;

/** Nothing happened to the run: it passes. */
export const CLEAN_ENDINGS: readonly Ending[] = [0];

export interface Fault {
  name: string;
  describes: string;
  kinds: readonly RunKind['name'][];
  targets: readonly TargetName[];
  /** Empty: it is there from the beginning. */
  anchors: readonly Anchor[];
  /** Endings that fit, when it has come in time. 0 only where everything can have been measured all the same. */
  endings: readonly Ending[];
  /** Changes what is started. Returns what undoes it. */
  prepare?(scene: Scene, machine: Machine): Promise<() => void | Promise<void>>;
  /** False: it found nothing to strike. */
  strike?(scene: LiveScene): Promise<boolean>;
  /** After the end of the program, before its reports are made again: a full disk has room again. */
  relieve?(scene: Scene): void;
  /** The journal is gone with it: there is nothing to make reports from. */
  takesJournal?: boolean;
  /** Nothing can be removed from the folder of the run any more. */
  freezesFolder?: boolean;
  /** Why it cannot be made on this machine; null: it can. */
  unfit?(machine: Machine): string | null;
}

import type { ChildProcess } from 'node:child_process';
import type { AttachedServer } from './attached-server.ts';
import type { CaseProcess, Role } from './census.ts';
import type { Consequence } from './right-endings.ts';
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
  /** Shell command of the target; empty: it is attached to a server that runs. */
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
  /** The server that is attached to; null: the program starts its own. */
  server: AttachedServer | null;
  /** The same numbers each time that the case is repeated. */
  random(): number;
}

/** A scene whose program runs. */
export interface LiveScene extends Scene {
  harness: ChildProcess;
  /** The first process of a kind, as soon as there is one; null when the program ended before. */
  find(role: Role): Promise<CaseProcess | null>;
  /** The process that serves: of a target that was started as soon as there is one; null: there is none any more. */
  findTarget(): Promise<number | null>;
  /** Waits; less long where the program ends. */
  pause(ms: number): Promise<void>;
  /** Waits until it holds, or the program ends. */
  until(holds: () => boolean): Promise<void>;
  hasEnded(): boolean;
  /** The fault has its effect now: what the journal says at this moment decides. Without it: when `strike` is over. */
  mark(): void;
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

export interface Fault {
  name: string;
  describes: string;
  kinds: readonly RunKind['name'][];
  targets: readonly TargetName[];
  /** Empty: it is there from the beginning. */
  anchors: readonly Anchor[];
  /** What it takes from a run: with the journal this gives the only endings that are right. */
  takes: Consequence;
  /** Changes what is started. What it returns undoes it. */
  prepare?(scene: Scene, machine: Machine): Promise<Undo | undefined>;
  /** False: it found nothing to strike. */
  strike?(scene: LiveScene): Promise<boolean>;
  /** After the end of the program, before its reports are made again: a full disk has room again. */
  relieve?(scene: Scene): void;
  /** Nothing can be removed from the folder of the run any more. */
  freezesFolder?: boolean;
  /** Why it cannot be made on this machine; null: it can. */
  unfit?(machine: Machine): string | null;
}

export type Undo = () => void | Promise<void>;

export const ANY_TIME: readonly Anchor[] = ['spawn', 'journal', 'ready', 'ready', 'ready', 'clean-up', 'end'];
/** While the journal is written and a target is wanted. */
export const WHILE_MEASURED: readonly Anchor[] = ['journal', 'ready', 'ready', 'clean-up'];
export const FROM_THE_BEGINNING: readonly Anchor[] = [];

/** False: there is no such process. */
export function kill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

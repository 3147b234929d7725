import type { UserConfig } from '../config.ts';
import { execute, type RunWatcher } from '../execute.ts';
import type { RunRecord } from '../model.ts';

export type SideName = 'A' | 'B';

/** One of two things that are measured, in its own folder of runs. */
export interface Contestant {
  user: UserConfig;
}

export interface TurnsWatcher extends Omit<RunWatcher, 'onStart'> {
  /** Before each run: which it is, and the how manieth of its side. */
  onTurn(side: SideName, number: number, total: number): void;
  /** After each run, with all that it journalled and its folder. */
  onEnd(record: RunRecord, folder: string): Promise<void>;
}

/**
 * A B B A: neither always comes first, so that what changes evenly meanwhile (a machine that gets warmer, a cache that fills)
 * falls on both alike. Two rounds are A B B A, three A B B A A B.
 */
export function turnsOf(rounds: number): SideName[] {
  return Array.from({ length: rounds }, (_, i): SideName[] => (i % 2 === 0 ? ['A', 'B'] : ['B', 'A'])).flat();
}

/**
 * Measures both in turns. Ends early when it is stopped; the folder of the run that was cut short is among those returned.
 *
 * @throws HydrotestError as `execute` does, and `journal` when a run's journal could not be written to its end.
 */
export async function measureInTurns(
  sides: Record<SideName, Contestant>,
  rounds: number,
  watcher: TurnsWatcher,
): Promise<Record<SideName, string[]>> {
  const folders: Record<SideName, string[]> = { A: [], B: [] };
  for (const side of turnsOf(rounds)) {
    if (watcher.signal.aborted) break;
    watcher.onTurn(side, folders[side].length + 1, rounds);
    const { folder, record, failure } = await execute(sides[side].user, watcher);
    if (failure !== null) throw failure;
    folders[side].push(folder);
    await watcher.onEnd(record, folder);
  }
  return folders;
}

import type { EnvironmentEntry, EnvironmentFact } from '../model.ts';
import { type Watched, watchCounters } from './counters.ts';
import { readHugePages, readTarget } from './target.ts';

export interface EnvironmentWatch {
  /** Journals what happened since the beginning, once. Never rejects: facts that cannot be read are null. */
  end(): Promise<void>;
}

/**
 * Journals what a target was started with and in, and watches what happens around it until `end`. Costs two looks at the process table,
 * and nothing in between. Never rejects.
 */
export async function watchEnvironment(options: {
  watched: Watched;
  scenario: string;
  attempt: number;
  elapsedMs(): number;
  write(entry: EnvironmentEntry): void;
}): Promise<EnvironmentWatch> {
  const { watched, scenario, attempt, elapsedMs, write } = options;
  const note = (moment: 'start' | 'end', facts: EnvironmentFact[]) =>
    write({ type: 'environment', scenario, elapsedMs: elapsedMs(), attempt, moment, facts });
  // A file that turns out unreadable in a way that was not foreseen must not end a measurement.
  note('start', await readTarget(watched).catch(() => []));
  const counters = await watchCounters(watched).catch(() => null);
  let ended = false;
  return {
    async end() {
      if (ended) return;
      ended = true;
      const happened = await counters?.read().catch(() => []);
      const hugePages = await readHugePages(watched).catch(() => null);
      note('end', [...(happened ?? []), ...(hugePages === null ? [] : [hugePages])]);
    },
  };
}

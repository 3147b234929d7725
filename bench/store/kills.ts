import {
  type KillResult,
  killAppends,
  killArchiving,
  killImports,
} from '../../server/event-store/testing/kills.ts';
import type { Measurement, Row } from '../server/measurement.ts';
import type { StoreBenchOptions } from './options.ts';

const LOG_EVENTS = 60_000;
const ARCHIVE_EVENTS = 60_000;

/** Processes that import, append and archive, killed with SIGKILL at random moments; what they leave is compared event by event. */
export async function measureKills({ kills: killCount }: StoreBenchOptions): Promise<Measurement[]> {
  const options = { killCount, random: Math.random };
  const runs: [string, () => Promise<KillResult>][] = [
    ['import', () => killImports(LOG_EVENTS, options)],
    ['append', () => killAppends(options)],
    ['archive', () => killArchiving(ARCHIVE_EVENTS, options)],
  ];
  const rows: Row[] = [];
  for (const [what, run] of runs) {
    const { killCount: killed, problems } = await run();
    for (const problem of problems.slice(0, 3)) process.stderr.write(`${problem}\n`);
    rows.push({
      what,
      figures: { killed: String(killed), 'events lost, doubled or changed': String(problems.length) },
      ok: problems.length === 0 && killed === killCount,
    });
  }
  return [{ title: 'Killed with SIGKILL', target: 'no event lost, doubled or changed', rows }];
}

import { messageOf } from '../../harness/errors.ts';
import type { Section, SectionOptions } from '../section.ts';
import { renderClients } from './clients-table.ts';
import type { Contender, Fault, InstalledContender } from './contender.ts';
import { contenders } from './contenders.ts';
import { baseline, type Holding, type HoldTimes, hold } from './hold.ts';
import { type Noticed, noticeFaults } from './notice.ts';

/** All that was measured of one contender. */
export interface ClientResult {
  contender: Contender;
  /** Null: it could not be installed. */
  version: string | null;
  /** Memory with a few streams; null: not measured. */
  basePssBytes: number | null;
  rounds: Holding[];
  /** Null: not measured. */
  noticed: Record<Fault, Noticed> | null;
  /** What went wrong, a line each. */
  failures: string[];
}

const fullTimes: HoldTimes = { settleMs: 2_000, windowMs: 5_000 };
const quickTimes: HoldTimes = { settleMs: 500, windowMs: 1_000 };

/**
 * Clients that hold event streams, side by side. A contender that can't be installed or fails becomes a row that says
 * so. The order of the contenders turns round from one round to the next.
 *
 * @throws Error where there is no `/proc`: memory and CPU of other people's programs are read from there.
 */
export async function measureClients(options: SectionOptions): Promise<Section> {
  if (process.platform !== 'linux') throw new Error('the memory of the clients can be read on Linux only');
  const times = options.quick ? quickTimes : fullTimes;
  const results: ClientResult[] = [];
  const ready: { result: ClientResult; installed: InstalledContender }[] = [];
  for (const contender of contenders) {
    const result: ClientResult = {
      contender,
      version: null,
      basePssBytes: null,
      rounds: [],
      noticed: null,
      failures: [],
    };
    results.push(result);
    await attempt(result, 'installing', async () => {
      const installed = await contender.install(options.peersDir);
      result.version = installed.version;
      ready.push({ result, installed });
    });
  }
  for (const { result, installed } of ready) {
    await attempt(result, 'what it notices', async () => {
      result.noticed = await noticeFaults(result.contender, installed);
    });
    await attempt(result, 'memory with a few streams', async () => {
      result.basePssBytes = await baseline(installed, times);
    });
  }
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const { result, installed } of round % 2 === 1 ? ready : ready.toReversed()) {
      const what = `round ${round} of ${options.rounds}, ${options.streams} streams`;
      await attempt(result, what, async () => {
        result.rounds.push(await hold(installed, options.streams, times));
      });
    }
  }
  return {
    title: 'Clients that hold event streams',
    command: `npm run bench -- --only clients --rounds ${options.rounds} --streams ${options.streams}${options.quick ? ' --quick' : ''}`,
    markdown: renderClients(results, { roundCount: options.rounds, times }),
  };
}

async function attempt(result: ClientResult, what: string, run: () => Promise<void>): Promise<void> {
  const { name } = result.contender;
  process.stderr.write(`clients: ${name}: ${what} …\n`);
  try {
    await run();
  } catch (error) {
    const [line] = messageOf(error).split('\n');
    process.stderr.write(`clients: ${name}: ${what}: ${line}\n`);
    result.failures.push(`${what}: ${line}`);
  }
}

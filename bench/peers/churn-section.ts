import { median } from '../../harness/verdict/theil-sen.ts';
import { type Column, markdownTable } from '../markdown.ts';
import type { Section, SectionOptions } from '../section.ts';
import { type Churn, type ChurnOptions, measureChurn } from './churn.ts';
import { openingRate } from './hold.ts';
import { bareSockets, ours } from './node-clients.ts';

/** As many as one process can hold. */
const crowd = 19_000;

/** Streams opened a second in one round. */
export interface Opening {
  ours: number;
  bare: number;
}

const concurrency = 50;
/** A round of churn takes half a second: more of them cost little and steady the median. */
const leastRounds = 11;

const columns: Column[] = [
  { title: '', align: 'left' },
  { title: 'hydrotest', align: 'right' },
  { title: 'bare sockets', align: 'right' },
  { title: 'ratio', align: 'right' },
  { title: 'lowest and highest ratio', align: 'right' },
];

/** What our client adds to a bare socket: in cycles of connect, first event, abort, and in opening streams to hold. */
export async function measureChurnSection(options: SectionOptions): Promise<Section> {
  const rounds = options.quick ? options.rounds : Math.max(options.rounds, leastRounds);
  const cycleCount = options.quick ? 500 : 5_000;
  const streamCount = Math.min(options.streams, options.quick ? 500 : 10_000);
  process.stderr.write(`churn: ${rounds} rounds of ${cycleCount} cycles …\n`);
  const churn = await measureChurn({ rounds, cycleCount, concurrency });
  const [own, bare] = [await ours.install(options.peersDir), await bareSockets.install(options.peersDir)];
  const openings: Opening[] = [];
  const crowded: Opening[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    process.stderr.write(`churn: opening ${streamCount} streams, round ${round} of ${rounds} …\n`);
    const bareRate = await openingRate(bare, streamCount);
    openings.push({ bare: bareRate, ours: await openingRate(own, streamCount) });
    if (options.quick || round > options.rounds) continue;
    const bareCrowd = await openingRate(bare, crowd);
    crowded.push({ bare: bareCrowd, ours: await openingRate(own, crowd) });
  }
  return {
    title: 'Our client beside bare sockets',
    command: `npm run bench -- --only churn --rounds ${options.rounds}${options.quick ? ' --quick' : ''}`,
    markdown: renderChurn(churn, openings, crowded, { rounds, cycleCount, concurrency, streamCount }),
  };
}

/** The part of `docs/benchmarks.md` about churn. */
export function renderChurn(
  churn: Churn,
  openings: Opening[],
  crowded: Opening[],
  { rounds, cycleCount, concurrency, streamCount }: ChurnOptions & { streamCount: number },
): string {
  const rates = churn.rounds.map(({ ours, bare }) => ({ ours: ours.perSecond, bare: bare.perSecond }));
  const costs = churn.rounds.map(({ ours, bare }) => ({ ours: ours.cpuMicros, bare: bare.cpuMicros }));
  return `${markdownTable(columns, [
    pairRow('connect → first event → abort, cycles a second', rates),
    pairRow('the same, µs CPU a cycle', costs),
    pairRow(`${streamCount.toLocaleString('en-US')} streams, opened a second`, openings),
    ...(crowded.length === 0
      ? []
      : [pairRow(`${crowd.toLocaleString('en-US')} streams, opened a second`, crowded)]),
  ])}

Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'} in which both take turns; the ratio is the median of the rounds' ratios, not the ratio of the medians.
A round of churn is ${cycleCount} cycles, ${concurrency} at a time, in one process against the bench server; a round of opening is a new process
that opens its streams, 256 at a time, counted at the server. Beyond some 14,000 the kernel has to search for a free source port, which hydrotest names itself. The bare sockets look at nothing that arrives: no status, no event.`;
}

function pairRow(title: string, pairs: Opening[]): string[] {
  const ratios = pairs.map(({ ours, bare }) => ours / bare);
  return [
    title,
    Math.round(median(pairs.map(({ ours }) => ours))).toLocaleString('en-US'),
    Math.round(median(pairs.map(({ bare }) => bare))).toLocaleString('en-US'),
    median(ratios).toFixed(2),
    `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`,
  ];
}

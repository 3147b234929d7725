/**
 * What the leak verdict is worth on made-up measurements whose truth is known: how often its interval holds the true rate, how
 * often it raises a false alarm, which leaks it finds, and what it says of growth that is no straight line.
 *
 *   node bench/simulate-verdict.ts           400 series a cell, about a minute
 *   node bench/simulate-verdict.ts -- 2000   more of them
 */
import Table from 'cli-table3';
import type { CycleEntry, Doses, LeakEvidence } from '../harness/model.ts';
import { createRandom } from '../harness/random.ts';
import { estimateLeak, leakDelta, MAX_LOOKS, MIN_CYCLES } from '../harness/verdict/estimate-leak.ts';
import { NOISES, type NoiseKind, type SimulatedPath, simulateCycles } from '../harness/verdict/simulation.ts';

const runs = Number(process.argv.slice(2).find((argument) => argument !== '--') ?? 400);
if (!Number.isInteger(runs) || runs < 1) {
  process.stderr.write(`simulate-verdict: ${process.argv.slice(2).join(' ')} is no number of series.\n`);
  process.exit(2);
}

/** Usual noise of a collected heap and dose of a small cycle. */
const USUAL = { noiseBytes: 8000, dose: 500 };
const LOUD_NOISE_BYTES = 24_000;
const looks = Array.from({ length: MAX_LOOKS }, (_, i) => MIN_CYCLES * 2 ** i);
const kinds = Object.keys(NOISES) as NoiseKind[];

function simulate(seed: number, path: Partial<SimulatedPath>): CycleEntry[] {
  return simulateCycles({
    random: createRandom(seed * 7919),
    workingCount: looks.at(-1) ?? MIN_CYCLES,
    ...USUAL,
    ...path,
  });
}

/** Looks again until it is decided, as the engine does. */
function judge(cycles: readonly CycleEntry[]): LeakEvidence {
  let working = 0;
  let leak = estimateLeak([], 'heap');
  for (const [index, { warmup, plannedDose }] of cycles.entries()) {
    if (!warmup && plannedDose > 0) working++;
    const isLook = !warmup && plannedDose > 0 && looks.includes(working);
    if (isLook) leak = estimateLeak(cycles.slice(0, index + 1), 'heap');
    if (isLook && leak.state !== 'inconclusive') break;
  }
  return leak;
}

function percentOf(path: Partial<SimulatedPath>, isHit: (leak: LeakEvidence) => boolean): string {
  let hits = 0;
  for (let seed = 1; seed <= runs; seed++) if (isHit(judge(simulate(seed, path)))) hits++;
  return percent(hits, runs);
}

function percent(hits: number, count: number): string {
  return `${((100 * hits) / count).toFixed(hits === 0 || hits === count ? 0 : 2)} %`;
}

function print(title: string, head: string[], rows: string[][]): void {
  const table = new Table({ head, style: { head: [], border: [] } });
  table.push(...rows);
  process.stdout.write(`\n${title}\n${table.toString()}\n`);
}

const leaking =
  (bytesPerConnection: number) =>
  ({ connection }: Doses) =>
    bytesPerConnection * connection;
const isLeak = ({ state }: LeakEvidence) => state === 'leak';

print(
  `Intervals that do not hold the true rate (0 B a connection; nominal 0.33 % a look), ${runs} series`,
  ['noise', ...looks.map((count) => `${count} cycles`), 'joint fit, 36 cycles'],
  kinds.map((noise) => [
    noise,
    ...looks.map((workingCount) => {
      let missed = 0;
      for (let seed = 1; seed <= runs; seed++) {
        const leak = estimateLeak(simulate(seed, { noise, workingCount }), 'heap');
        if ((leak.lowPerUnitBytes ?? 0) > 0 || (leak.highPerUnitBytes ?? 0) < 0) missed++;
      }
      return percent(missed, runs);
    }),
    (() => {
      let [missed, count] = [0, 0];
      for (let seed = 1; seed <= runs; seed++) {
        const { rates } = estimateLeak(simulate(seed, { noise, workingCount: 2 * MIN_CYCLES }), 'heap');
        count += rates.length;
        missed += rates.filter((rate) => rate.lowPerUnitBytes > 0 || rate.highPerUnitBytes < 0).length;
      }
      return percent(missed, count);
    })(),
  ]),
);

const delta = leakDelta('heap', 'connection');
const rates = [0, 0.5, 1, 1.25, 1.5, 2].map((factor) => factor * delta);
print(
  `Called a leak, up to three looks, ${LOUD_NOISE_BYTES / 1000} KB of noise; δ is ${delta} B a connection`,
  ['noise', ...rates.map((rate) => `${rate} B`)],
  kinds.map((noise) => [
    noise,
    ...rates.map((rate) =>
      percentOf({ noise, noiseBytes: LOUD_NOISE_BYTES, levelBytes: leaking(rate) }, isLeak),
    ),
  ]),
);

const BYTES = 400;
const shapes: [string, (connections: number) => number][] = [
  ['no growth', () => 0],
  ['line', (x) => BYTES * x],
  ['cache that fills at 10,000', (x) => BYTES * Math.min(x, 10_000)],
  ['cache that fills at 35,000', (x) => BYTES * Math.min(x, 35_000)],
  ['saturating, scale 8,000', (x) => BYTES * 8000 * (1 - Math.exp(-x / 8000))],
  ['store that grows by half', (x) => BYTES * 1.5 ** Math.ceil(Math.log(Math.max(1000, x)) / Math.log(1.5))],
  ['store that doubles', (x) => BYTES * 2 ** Math.ceil(Math.log2(Math.max(1000, x)))],
  ['one step of 2 MB at 8,000', (x) => (x > 8000 ? 2e6 : 0)],
  ['one step of 2 MB at 30,000', (x) => (x > 30_000 ? 2e6 : 0)],
  ['sawtooth, period 2,000', (x) => BYTES * (x % 2000)],
  ['sawtooth, period 7,000', (x) => BYTES * (x % 7000)],
];
const states = ['stable', 'bounded', 'leak', 'inconclusive'] as const;
print(
  `Growth of ${BYTES} B a connection in other shapes, 8 KB of white noise, on one process`,
  ['shape', ...states],
  shapes.map(([name, level]) => {
    const counts = { stable: 0, bounded: 0, leak: 0, inconclusive: 0, invalid: 0, 'late-release': 0 };
    for (let seed = 1; seed <= runs; seed++) {
      counts[judge(simulate(seed, { levelBytes: ({ connection }) => level(connection) })).state]++;
    }
    return [name, ...states.map((state) => percent(counts[state], runs))];
  }),
);

/**
 * Measures what the servers of the corpus really keep, with nothing of the harness: a client of its own, and the server's heap
 * read from inside after several collections. Two batches of work, so that a rate that is none shows as two figures.
 *
 *   node bench/accuracy/measure-truth.ts            all cases, both sides
 *   node bench/accuracy/measure-truth.ts NAME …     only these
 *   node bench/accuracy/measure-truth.ts --path 'graceful close' NAME …   on another path than that of the manifest
 *   node bench/accuracy/measure-truth.ts --write    puts the figures into the manifests
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import {
  type AccuracyCase,
  CASES_DIR,
  commandOf,
  LIFECYCLE_PATHS,
  loadCases,
  type Side,
  sidesOf,
} from './manifest.ts';
import { type Drive, drivePath, workOf } from './truth/paths.ts';
import { type ServerProcess, startServer, type TruthReading } from './truth/server-process.ts';

/** Popular servers without a leak still grew over their first 2,000 to 4,000 connections. */
const WARMUP = { work: 4000, events: 8000, seconds: 5 };

/** Both batches and the warm-up open fewer than 20,000 files, which a process usually may, on the server that closes none. */
const BATCH = { work: 7500, events: 10_000, seconds: 10 };
const DEADLINE_SECONDS = '1';
const SOCKETS_GONE_MS = 10_000;
const POWER_BYTES = [16, 32, 64, 128, 256, 1024, 4096];

/** After so much work, so much was kept. */
interface Level {
  doneCount: number;
  reading: TruthReading;
}

interface Truth {
  /** Of the first batch, the second, and both. */
  bytesPerUnit: [number, number, number];
  fdsPerUnit: number;
}

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false }, path: { type: 'string' } },
  allowPositionals: true,
});
const otherPath = LIFECYCLE_PATHS.find((path) => path === values.path);
if (values.path !== undefined && (otherPath === undefined || values.write)) {
  process.stderr.write(
    `measure-truth: --path is one of ${LIFECYCLE_PATHS.join(', ')}, and goes without --write\n`,
  );
  process.exit(2);
}
const cases = loadCases()
  .filter(({ name }) => positionals.length === 0 || positionals.includes(name))
  .map((found) => (otherPath === undefined ? found : { ...found, path: otherPath }));
for (const found of cases) {
  for (const side of sidesOf(found)) {
    const sizes = found.power && side === 'leaky' ? POWER_BYTES : [null];
    for (const leakBytes of sizes) {
      const truth = await measure(found, side, leakBytes === null ? {} : { LEAK_BYTES: String(leakBytes) });
      print(`${found.name}/${side}${leakBytes === null ? '' : ` LEAK_BYTES=${leakBytes}`}`, truth, found);
      if (values.write && leakBytes === null) write(found, side, truth.bytesPerUnit[2]);
    }
  }
}

async function measure(found: AccuracyCase, side: Side, env: Record<string, string>): Promise<Truth> {
  const server = await startServer(commandOf(found, side).replaceAll('{deadline}', DEADLINE_SECONDS), env);
  try {
    const idle = await server.read();
    const drive = await drivePath({
      path: found.path,
      protocol: found.protocol,
      port: server.port,
      urlPath: found.url.replace(/^.*\{port\}/, ''),
      heldStreams: found.heldStreams,
    });
    const socketCount = idle.socketCount + drive.heldCount;
    const levels: Level[] = [];
    const unit = workOf(found.path);
    for (const dose of [Math.max(WARMUP[unit], found.settles.units), BATCH[unit], BATCH[unit]]) {
      await drive.work(dose);
      await socketsGone(server, socketCount);
      levels.push(await lowestLevel(server, drive, found.settles.ms));
    }
    drive.close();
    return truthOf(levels);
  } finally {
    await server.close();
  }
}

function truthOf(levels: Level[]): Truth {
  const [warm, middle, last] = levels;
  if (warm === undefined || middle === undefined || last === undefined)
    throw new Error('three levels are needed');
  const rate = (from: Level, to: Level, count: (reading: TruthReading) => number) =>
    (count(to.reading) - count(from.reading)) / (to.doneCount - from.doneCount);
  const bytes = ({ keptBytes }: TruthReading) => keptBytes;
  return {
    bytesPerUnit: [rate(warm, middle, bytes), rate(middle, last, bytes), rate(warm, last, bytes)],
    fdsPerUnit: rate(warm, last, ({ fdCount }) => fdCount),
  };
}

async function socketsGone(server: ServerProcess, count: number): Promise<void> {
  const deadlineMs = performance.now() + SOCKETS_GONE_MS;
  while ((await server.read()).socketCount > count) {
    if (performance.now() > deadlineMs)
      throw new Error('the server still has sockets of clients that are gone');
  }
}

/** What is held for some time only, or every other second, is not kept: the lowest of the readings over `ms` counts. */
async function lowestLevel(server: ServerProcess, drive: Drive, ms: number): Promise<Level> {
  const read = async () => ({ reading: await server.read(), doneCount: drive.doneCount() });
  const endMs = performance.now() + ms;
  let lowest = await read();
  while (performance.now() < endMs) {
    await sleep(100);
    const level = await read();
    if (level.reading.keptBytes < lowest.reading.keptBytes) lowest = level;
  }
  return lowest;
}

function print(what: string, truth: Truth, { path }: AccuracyCase): void {
  const [first, second, both] = truth.bytesPerUnit.map((bytes) => bytes.toFixed(1).padStart(9));
  const fds = truth.fdsPerUnit.toFixed(3);
  process.stdout.write(`${what.padEnd(34)} ${first} ${second}  both ${both} B  fds ${fds}  (${path})\n`);
}

/** Figures over 100 are rounded to whole bytes. A null in the manifest says that there is no one figure, and stays. */
function write({ name }: AccuracyCase, side: Side, bytesPerUnit: number): void {
  const file = join(CASES_DIR, name, 'case.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8'));
  const figure = Math.abs(bytesPerUnit) >= 100 ? Math.round(bytesPerUnit) : Number(bytesPerUnit.toFixed(1));
  if (side === 'clean') manifest.clean.measuredBytes = figure;
  else if (manifest.leaky.trueBytes !== null) manifest.leaky.trueBytes = figure;
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/**
 * Whether hydrotest itself leaks: a long run of the scenario `hold` with streams that come and go, on the reference server. From outside
 * the live heap of all of its processes is read after forced collection, and judged by hydrotest's own verdict; the journal's
 * size is followed too. Exit code 1 when it leaks, 3 when that is not decided.
 *
 *     npm run self-leak -- [--streams 5000] [--duration 30m] [--lifetime 30s] [--every 20s]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CycleEntry, HeapReading, LoadEntry } from '../harness/model.ts';
import { durationMs } from '../harness/option-values.ts';
import { type NodeHeap, openNodeHeap } from '../harness/probes/node-heap.ts';
import { readEntry, scanProcesses, selectTree } from '../harness/probes/process-tree.ts';
import { estimateLeak } from '../harness/verdict/estimate-leak.ts';
import { command, exitOnSignals, readOptions, wholeNumber } from './options.ts';
import { type Child, startChild } from './peers/child.ts';
import { startReferenceServer } from './server/reference-server.ts';

/** Code is compiled and tables find their size in the first minutes: these readings do not count. */
const WARMUP_MS = 120_000;
const READ_MS = 60_000;
/** A run that is stopped ends its workers and reports within this. */
const STOP_MS = 30_000;
const cli = join(import.meta.dirname, '../harness/cli.ts');
const signal = new AbortController().signal;

interface Look {
  elapsedMs: number;
  heap: HeapReading;
  rssBytes: number;
  journalBytes: number;
  load: LoadEntry;
}

async function main(): Promise<number> {
  const { values } = readOptions({
    options: {
      streams: { type: 'string', default: '5000' },
      duration: { type: 'string', default: '30m' },
      lifetime: { type: 'string', default: '30s' },
      every: { type: 'string', default: '20s' },
    },
  });
  const streams = wholeNumber('--streams', values.streams);
  const everyMs = durationMs('--every', values.every);
  exitOnSignals();
  const out = mkdtempSync(join(tmpdir(), 'hydrotest-self-leak-'));
  const server = await startReferenceServer([]);
  try {
    const harness = await startChild({
      file: process.execPath,
      args: [
        cli,
        ...['run', '--scenarios', 'hold', '--port', String(server.port), '--limit', '5', '--no-inspect'],
        ...['--url', `http://127.0.0.1:${server.port}/api/events/{key}/stream`],
        ...['--events-file', `${server.dir}/{key}/events.jsonl`],
        ...['--streams', String(streams), '--duration', values.duration, '--lifetime', values.lifetime],
        ...['--budget', '4GB', '--out', out],
      ],
    });
    try {
      const looks = await watch(harness, server.port, out, everyMs);
      const { code, stdout } = await harness.output;
      console.log(stdout);
      return report(looks, code, streams);
    } finally {
      await harness.stop('SIGINT', STOP_MS);
    }
  } finally {
    await server.stop();
    rmSync(out, { recursive: true, force: true });
  }
}

/** Reads all processes of the harness until its load ends. */
async function watch(harness: Child, port: number, out: string, everyMs: number): Promise<Look[]> {
  const heaps: NodeHeap[] = [];
  const looks: Look[] = [];
  const began = performance.now();
  try {
    while (!harness.hasEnded()) {
      await sleep(everyMs);
      const load = lastLoad(out);
      // The highest load is being held, in the last stage.
      if (load === null || !load.phase.startsWith('hold')) {
        if (looks.length > 0) break;
        continue;
      }
      if (heaps.length === 0) await openHeaps(heaps, harness.pid, port);
      const reading = await readAll(heaps);
      looks.push({ elapsedMs: performance.now() - began, ...reading, journalBytes: journalBytes(out), load });
      process.stderr.write(
        `${Math.round((performance.now() - began) / 1000)} s: live heap ${(reading.heap.usedBytes / 1e6).toFixed(2)} MB, ${load.startedCount} streams so far, journal ${(journalBytes(out) / 1e3).toFixed(0)} kB\n`,
      );
    }
  } catch (error) {
    if (!harness.hasEnded() && looks.length < 10) throw error;
  } finally {
    for (const heap of heaps) await heap.close();
  }
  return looks;
}

async function openHeaps(heaps: NodeHeap[], rootPid: number, port: number): Promise<void> {
  const tree = selectTree(await scanProcesses(), rootPid, { includeGroup: false });
  const nodes = tree.filter(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('harness/'));
  for (const entry of nodes) {
    heaps.push(
      await openNodeHeap({
        entry: readEntry(entry.pid) ?? entry,
        targetPort: port,
        mayOpen: true,
        hasStarted: true,
        belongsToUser: false,
        async makeRoom(endpoint) {
          await heaps.find((other) => other.address.port === endpoint.port)?.move(signal);
        },
        onSignal: () => {},
        signal,
      }),
    );
  }
  process.stderr.write(
    `reading the heaps of ${heaps.length} processes: ${nodes.map(({ pid }) => pid).join(', ')}\n`,
  );
}

/** Twice: what the first collection releases through finalizers, the second one frees. */
async function readAll(heaps: NodeHeap[]): Promise<{ heap: HeapReading; rssBytes: number }> {
  const heap: HeapReading = {
    usedBytes: 0,
    arrayBufferBytes: 0,
    externalBytes: null,
    processCount: heaps.length,
  };
  let rssBytes = 0;
  for (const one of heaps) {
    await one.collect({ withinMs: READ_MS, signal });
    const { usedBytes, arrayBufferBytes } = await one.collect({ withinMs: READ_MS, signal });
    heap.usedBytes += usedBytes;
    heap.arrayBufferBytes += arrayBufferBytes;
    const status = readFileSync(`/proc/${one.entry.pid}/status`, 'utf8');
    rssBytes += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  }
  return { heap, rssBytes };
}

function journalPath(out: string): string | null {
  try {
    const [run] = readdirSync(out);
    return run === undefined ? null : join(out, run, 'journal.ndjson');
  } catch {
    return null;
  }
}

function journalBytes(out: string): number {
  const path = journalPath(out);
  return path === null ? 0 : statSync(path).size;
}

function lastLoad(out: string): LoadEntry | null {
  const path = journalPath(out);
  if (path === null) return null;
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .findLast((text) => text.startsWith('{"type":"load"') && text.endsWith('}'));
  return line === undefined ? null : (JSON.parse(line) as LoadEntry);
}

function report(looks: Look[], code: number | null, streams: number): number {
  const cycles = cyclesOf(looks);
  const leak = estimateLeak(cycles, 'heap');
  const [first, last] = [looks.find(({ elapsedMs }) => elapsedMs > WARMUP_MS), looks.at(-1)];
  if (first === undefined || last === undefined) {
    console.log('too short: nothing was read after the warm-up of 2 minutes');
    return 3;
  }
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;
  const bytes = (value: number | null) => (value === null ? '?' : `${value.toFixed(2)} B`);
  const connections = last.load.startedCount - first.load.startedCount;
  console.log(
    `${streams} streams, ${((last.elapsedMs - first.elapsedMs) / 60_000).toFixed(1)} minutes, ${connections} connections, ${cycles.length} readings`,
  );
  console.log(
    `live heap of all processes: ${megabytes(first.heap.usedBytes)} → ${megabytes(last.heap.usedBytes)}, resident ${megabytes(first.rssBytes)} → ${megabytes(last.rssBytes)}`,
  );
  console.log(
    `journal: ${(last.journalBytes / 1e3).toFixed(0)} kB, ${(((last.journalBytes - first.journalBytes) / (last.elapsedMs - first.elapsedMs)) * 1000).toFixed(0)} B/s`,
  );
  console.log(
    `verdict: ${leak.state}, ${bytes(leak.ratePerUnitBytes)} a connection (${bytes(leak.lowPerUnitBytes)} to ${bytes(leak.highPerUnitBytes)}, 99.67 %), threshold ${leak.deltaBytes} B`,
  );
  console.log(`the run itself ended with exit code ${code}`);
  if (leak.state === 'stable' || leak.state === 'bounded') return code === 0 ? 0 : 3;
  return leak.state === 'leak' ? 1 : 3;
}

/** Readings as the verdict knows them: the work between two of them, and the level behind it. */
function cyclesOf(looks: Look[]): CycleEntry[] {
  return looks.slice(1).map((look, index) => {
    const before = looks[index] ?? look;
    const dose = look.load.startedCount - before.load.startedCount;
    return {
      type: 'cycle',
      scenario: 'hold',
      elapsedMs: look.elapsedMs,
      path: 'hydrotest itself',
      unit: 'connection',
      attempt: 0,
      warmup: look.elapsedMs < WARMUP_MS,
      look: 1,
      plannedDose: dose,
      landedDose: dose,
      doses: { connection: dose, event: 0, rejection: 0, second: (look.elapsedMs - before.elapsedMs) / 1000 },
      plantedBytes: 0,
      quiet: true,
      sameProcesses: true,
      reading: {
        processCount: look.heap.processCount,
        rssBytes: look.rssBytes,
        swapBytes: null,
        peakRssBytes: null,
        cpuMs: 0,
        threadCount: null,
        fdCount: null,
        pssBytes: null,
        anonymousBytes: null,
        heap: look.heap,
        settled: true,
      },
    };
  });
}

await command('self-leak', main);

import { spawnSync } from 'node:child_process';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../../harness/verdict/theil-sen.ts';
import { databasePath, openDatabase } from '../../server/event-store/sqlite/database.ts';
import { migrations } from '../../server/event-store/sqlite/schema.ts';
import { createSqliteStore } from '../../server/event-store/sqlite-store.ts';
import type { NewEvent } from '../../server/event-store/types.ts';
import type { Measurement, Row } from '../server/measurement.ts';
import { runImport } from './import-process.ts';
import { makeLog } from './made-log.ts';
import type { StoreBenchOptions } from './options.ts';

const WORKFLOW = 'flow';
const MIN_RATIO = 0.5;
/** Of durable appends: each waits for the disk. */
const APPEND_SIZES = [1, 100, 1000];
const APPENDED = 20_000;

/** The import of a log against SQLite's own program that reads the same rows from a CSV file into the same tables and indexes, in turns. */
export async function measureIngest({ dir, rounds, quick }: StoreBenchOptions): Promise<Measurement[]> {
  const eventCount = quick ? 50_000 : 1_000_000;
  const folder = join(dir, 'ingest');
  const csv = join(folder, 'events.csv');
  const cliDatabase = join(folder, 'cli.db');
  rmSync(folder, { recursive: true, force: true });
  makeLog(folder, WORKFLOW, eventCount);
  await runImport(folder);
  writeCsv(databasePath(folder), csv);
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    removeDatabase(databasePath(folder));
    ours.push((await runImport(folder)).seconds);
    removeDatabase(cliDatabase);
    theirs.push(runCli(cliDatabase, csv));
    assertSame(cliDatabase, databasePath(folder), eventCount);
  }
  const ratios = ours.map((seconds, round) => (theirs[round] ?? Number.NaN) / seconds);
  const row = (what: string, seconds: number[], figures: Record<string, string>, ok: boolean): Row => ({
    what,
    figures: {
      s: median(seconds).toFixed(2),
      'events/s': Math.round(eventCount / median(seconds)).toLocaleString('en'),
      ...figures,
    },
    ok,
  });
  const version = spawnSync('sqlite3', ['--version'], { encoding: 'utf8' }).stdout.split(' ')[0];
  const ratio = median(ratios);
  const imports: Measurement = {
    title: `Ingest of ${eventCount.toLocaleString('en')} events, median of ${rounds} rounds in turns`,
    target: `at least ${MIN_RATIO} of the rate of SQLite's own program`,
    rows: [
      row('import of the log', ours, { ratio: ratio.toFixed(2) }, ratio >= MIN_RATIO),
      row(`sqlite3 ${version}, .import of CSV`, theirs, { ratio: '1' }, true),
    ],
  };
  const appends = await measureAppends(folder, quick ? APPENDED / 20 : APPENDED);
  rmSync(folder, { recursive: true, force: true });
  return [imports, appends];
}

function removeDatabase(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
}

/** The rows of `events`, as the program reads them (RFC 4180). */
function writeCsv(database: string, csv: string): void {
  const store = openDatabase({ path: database, isDurable: false });
  writeFileSync(csv, '');
  let text = '';
  const rows = store.prepare('SELECT workflow, id, type, at_ms, line FROM events ORDER BY workflow, id');
  for (const { workflow, id, type, at_ms, line } of rows.iterate()) {
    text += `${workflow},${id},${type},${at_ms},"${String(line).replaceAll('"', '""')}"\n`;
    if (text.length < 1e6) continue;
    appendFileSync(csv, text);
    text = '';
  }
  appendFileSync(csv, text);
  store.close();
}

/** The tables and the journal of ours, then the import; returns the seconds. The program has to be there. */
function runCli(database: string, csv: string): number {
  const input = `PRAGMA journal_mode = WAL;\nPRAGMA synchronous = NORMAL;\n${migrations.join('\n')}\nPRAGMA user_version = ${migrations.length};\n.mode csv\n.import ${csv} events\n`;
  const startedMs = performance.now();
  const { status, error, stderr } = spawnSync('sqlite3', [database], { input, encoding: 'utf8' });
  if (error !== undefined)
    throw new Error(`sqlite3 cannot be run: install it (Debian: sqlite3)`, { cause: error });
  if (status !== 0 || stderr !== '') throw new Error(`sqlite3 ended with ${status}: ${stderr}`);
  return (performance.now() - startedMs) / 1000;
}

/** Both have the same rows, or nothing was compared. */
function assertSame(path: string, other: string, eventCount: number): void {
  const sums = [path, other].map((database) => {
    const opened = openDatabase({ path: database, isDurable: false });
    const row = opened
      .prepare(
        'SELECT count(*) AS events, sum(id) AS ids, sum(length(line)) AS bytes, sum(at_ms) AS times, count(type) AS types FROM events',
      )
      .get();
    opened.close();
    return JSON.stringify(row);
  });
  const [theirs = '', ours = ''] = sums;
  if (theirs !== ours || JSON.parse(ours).events !== eventCount)
    throw new Error(`not the same rows: ${sums.join(' ')}`);
}

/** Through the store, as a server appends: one after the other, each on the disk before the next. */
async function measureAppends(folder: string, eventCount: number): Promise<Measurement> {
  const rows: Row[] = [];
  for (const size of APPEND_SIZES) {
    const path = join(folder, `append-${size}.db`);
    const store = createSqliteStore({ path, logger: console });
    const total = Math.min(eventCount, size * 1000);
    await store.append(WORKFLOW, made(0, 1)); // the thread starts
    const startedMs = performance.now();
    for (let n = 0; n < total; n += size) await store.append(WORKFLOW, made(n, size));
    const seconds = (performance.now() - startedMs) / 1000;
    await store.close();
    rows.push({
      what: size === 1 ? 'one event at a time' : `${size} events at a time`,
      figures: {
        'events/s': Math.round(total / seconds).toLocaleString('en'),
        'ms an append': ((1000 * seconds * size) / total).toFixed(2),
      },
      ok: true,
    });
  }
  return {
    title: 'Durable appends, one after the other',
    target: 'none: it is the disk that is measured',
    rows,
  };
}

function made(n: number, count: number): NewEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    line: Buffer.from(`{"type":"message","timestamp":${n + index},"text":"${'x'.repeat(100)}"}`),
    key: String(n + index),
  }));
}

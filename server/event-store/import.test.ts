import { execFile } from 'node:child_process';
import { appendFileSync, mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { numbered } from '../event-log/testing/log-folder.ts';
import { progressLine } from './import-progress.ts';
import { openDatabase } from './sqlite/database.ts';
import { type ImportedLog, LogImporter } from './sqlite/log-importer.ts';
import { events, page, SqliteFolder } from './testing/sqlite-folder.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));

let folder: SqliteFolder;
beforeEach(() => {
  folder = new SqliteFolder();
});
afterEach(() => folder.remove());

function logOf(workflowId: string, text: string): string {
  mkdirSync(join(folder.root, workflowId), { recursive: true });
  const path = join(folder.root, workflowId, 'events.jsonl');
  appendFileSync(path, text);
  return path;
}

function importLog(workflowId = 'w'): Promise<ImportedLog> {
  return folder.look((database) => {
    const path = join(folder.root, workflowId, 'events.jsonl');
    return new LogImporter(database).import({ workflowId, path, root: folder.root });
  });
}

/** Lines of some 300 bytes: 7,000 of them are a step. */
const wide = (count: number) =>
  Array.from({ length: count }, (_, n) => `{"n":${n + 1},"filler":"${'x'.repeat(280)}"}\n`).join('');

const run = (args: string[]) =>
  new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [main, 'import', ...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });

describe('an import', () => {
  it('goes on where the last one ended, behind lines that were skipped and in front of a torn one', async () => {
    logOf('w', '{"n":1}\n\nnot json\r\n{"n":2}\r\n{"n"');
    expect(await importLog()).toEqual({ eventCount: 2, bytes: 32, skippedLineCount: 1 });
    expect(await importLog()).toEqual({ eventCount: 0, bytes: 4, skippedLineCount: 0 });
    logOf('w', ':3}\nskipped, too\n');
    expect(await importLog()).toMatchObject({ eventCount: 1, skippedLineCount: 1 });
    logOf('w', '{"n":4}\n');
    expect(await importLog()).toMatchObject({ eventCount: 1, skippedLineCount: 0 });
    expect(await folder.live()).toEqual([
      { id: 8, line: '{"n":1}' },
      { id: 28, line: '{"n":2}' },
      { id: 36, line: '{"n":3}' },
      { id: 57, line: '{"n":4}' },
    ]);
  });

  it('reads a line across the border of two steps', async () => {
    const line = (n: number) => `{"n":${n},"filler":"${'grüße'.repeat(9000)}"}`;
    const lines = Array.from({ length: 60 }, (_, n) => line(n));
    const path = logOf('w', `${lines.join('\n')}\n`);
    expect(await importLog()).toMatchObject({ eventCount: 60, skippedLineCount: 0 });
    expect((await folder.live()).map((row) => row.line)).toEqual(lines);
    truncateSync(path, 100);
    await expect(importLog()).rejects.toMatchObject({ code: 'other-lines' });
  });

  it('keeps type and time, so that they are found', async () => {
    logOf('w', '{"type":"grüße","timestamp":"2026-01-01T00:00:00.5Z"}\n{"event_type":"b","time":5}\n7\n');
    await importLog();
    const store = folder.open();
    expect((await page(store, { type: 'grüße' })).length).toBe(1);
    expect((await page(store, { type: 'b', sinceMs: 5, untilMs: 6 })).length).toBe(1);
    expect((await page(store, { sinceMs: Date.UTC(2026, 0, 1) + 500 })).length).toBe(1);
    expect((await page(store, { sinceMs: Date.UTC(2026, 0, 1) + 501 })).length).toBe(0);
  });

  it.each<[string, (path: string) => unknown]>([
    ['was written anew', (path) => writeFileSync(path, numbered(5, 9))],
    ['became shorter', (path) => truncateSync(path, 16)],
    ['is behind the database', () => folder.open().append('w', events({ n: 4 }))],
  ])('of a log that %s stores nothing', async (_what, change) => {
    const path = logOf('w', numbered(1, 3));
    await importLog();
    await change(path);
    const before = await folder.live();
    await expect(importLog()).rejects.toMatchObject({ code: 'other-lines' });
    expect(await folder.live()).toEqual(before);
  });

  it('goes on behind events that were archived', async () => {
    logOf('w', '{"timestamp":1}\n{"timestamp":2}\n');
    await importLog();
    const store = folder.open();
    await store.archiveOlderThan(10);
    logOf('w', '{"timestamp":3}\n');
    expect(await importLog()).toMatchObject({ eventCount: 1 });
    expect((await page(store)).map(({ id }) => id)).toEqual([48]);
  });

  it('leaves room for appends', async () => {
    logOf('w', wide(20_000));
    const store = folder.open();
    await store.append('other', events(0));
    let isOver = false;
    const importing = importLog().finally(() => {
      isOver = true;
    });
    let during = 0;
    for (let n = 1; !isOver; n += 1) {
      await store.append('other', events(n));
      if (!isOver) during += 1;
    }
    await importing;
    expect(during).toBeGreaterThan(0);
  });

  it('of two at once stores each line once', async () => {
    logOf('w', wide(12_000));
    const databases = [1, 2].map(() => openDatabase({ path: folder.path, isDurable: false }));
    const path = join(folder.root, 'w', 'events.jsonl');
    const results = await Promise.allSettled(
      databases.map((database) =>
        new LogImporter(database).import({ workflowId: 'w', path, root: folder.root }),
      ),
    );
    for (const database of databases) database.close();
    const failed = results.filter(({ status }) => status === 'rejected');
    for (const result of failed) expect(result).toMatchObject({ reason: { code: 'other-lines' } });
    await importLog();
    const rows = await folder.live();
    expect(rows.length).toBe(12_000);
    expect(rows.at(-1)?.line).toContain('"n":12000,');
  });
});

describe('the command', () => {
  it('imports all logs of a folder, and one that cannot be is told while the others are', async () => {
    logOf('a', numbered(1, 3));
    logOf('b', 'bad\n{"n":1}\n');
    const outside = logOf('../outside', numbered(1, 1));
    mkdirSync(join(folder.root, 'link'));
    symlinkSync(outside, join(folder.root, 'link', 'events.jsonl'));
    const { code, stdout, stderr } = await run(['--dir', folder.root]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/a link leads out of the folder of the workflows/);
    expect(stderr).toMatch(/^imported 4 events, .* 1 lines skipped$/m);
    expect((await folder.live()).length).toBe(4);
  });

  it('tells how it is used, and what is wrong', async () => {
    const [help, wrong, missing] = await Promise.all([
      run(['--help']),
      run(['--colour']),
      run(['--dir', join(folder.root, 'missing')]),
    ]);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--dir <folder>') });
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--colour') });
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('ENOENT') });
  });
});

it.each([
  [50e6, 200e6, 10_000, '25.0 %, 50 of 200 MB, 5.0 MB/s, 30 s left'],
  [0, 200e6, 1000, '0.0 %, 0 of 200 MB, 0.0 MB/s, no telling how long it takes'],
  // It has grown meanwhile.
  [3e6, 2e6, 1000, '100.0 %, 3 of 2 MB, 3.0 MB/s, 0 s left'],
])('after %i of %i bytes in %i ms the progress is %s', (bytes, total, elapsedMs, line) => {
  expect(progressLine(bytes, total, elapsedMs)).toBe(line);
});

import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { trendPage } from '../../reports/index.ts';
import { healthyRun } from '../testing/records.ts';
import { appendHistory, checkHistory, historyEntryOf, readHistory } from './history.ts';
import { measuredIn } from './side.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-history-'));
  file = join(folder, 'below', 'history.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true }));

function entryOf(alter: (record: ReturnType<typeof healthyRun>) => void = () => {}) {
  const record = healthyRun(['timeout', 'hold']);
  alter(record);
  return historyEntryOf(measuredIn(record, folder), 'abc123');
}

test('what is appended is read back, in the order of time', async () => {
  const later = entryOf(({ run }) => {
    run.startedAt = '2026-03-01T00:00:00.000Z';
  });
  await appendHistory(file, later);
  await appendHistory(file, entryOf());
  const { entries, skippedLineCount } = readHistory(file);
  expect(entries.map(({ startedAt }) => startedAt)).toEqual([
    '2026-01-02T03:04:05.000Z',
    '2026-03-01T00:00:00.000Z',
  ]);
  expect(skippedLineCount).toBe(0);
  expect(entries[1]).toEqual(later);
  const heap = later.metrics.find(({ kind }) => kind === 'held-heap');
  expect(heap?.low).toBeLessThan(heap?.value ?? 0);
  expect(heap?.high).toBeGreaterThan(heap?.value ?? Number.POSITIVE_INFINITY);
});

test('many runs at once do not mix their lines', async () => {
  await Promise.all(Array.from({ length: 20 }, () => appendHistory(file, entryOf())));
  expect(readHistory(file)).toMatchObject({ entries: { length: 20 }, skippedLineCount: 0 });
});

test('a torn line and a foreign one are skipped and counted, and spoil no other', async () => {
  await appendHistory(file, entryOf());
  appendFileSync(file, '{"type":"something else"}\n{"type":"hydrotest-hi');
  await appendHistory(file, entryOf());
  expect(readHistory(file)).toMatchObject({ entries: { length: 2 }, skippedLineCount: 2 });
  expect(readFileSync(file, 'utf8').endsWith('\n')).toBe(true);
  expect(trendPage(readHistory(file))).toContain('2 lines of the history could not be read');
});

test('the hash tells environments apart, and not their runs', () => {
  const other = entryOf(({ run }) => {
    run.config.limit = 99;
  });
  const again = entryOf(({ run }) => {
    run.config.seed = 99;
    run.runId = 'another';
  });
  expect(again.environmentHash).toBe(entryOf().environmentHash);
  expect(other.environmentHash).not.toBe(entryOf().environmentHash);
  const tuned = (value: string) =>
    entryOf(({ scenarios }) => {
      for (const { scenario, environment } of scenarios) {
        const facts = [{ name: 'allocatorSettings', value, source: 'made up' } as const];
        environment.push({ type: 'environment', scenario, elapsedMs: 1, attempt: 0, moment: 'start', facts });
      }
    });
  expect(tuned('none').environmentHash).toBe(entryOf().environmentHash);
  expect(tuned('MALLOC_ARENA_MAX=2').environmentHash).not.toBe(entryOf().environmentHash);
  const page = trendPage({ entries: [entryOf(), other], skippedLineCount: 0 });
  expect(page).toContain('These runs come from 2 environments');
});

test('an incomplete run stands in the history without figures', () => {
  const entry = entryOf((record) => {
    record.complete = false;
  });
  expect(entry).toMatchObject({ metrics: [], unusable: 'its journal ends before the run did' });
});

test('text from outside cannot become markup', () => {
  const entry = entryOf(({ run }) => {
    run.runId = '</script><img src=x onerror=alert(1)>';
    run.environment.cpuModel = '<b>';
  });
  const page = trendPage({ entries: [entry], skippedLineCount: 0 });
  expect(page).not.toContain('<img');
  expect(page).not.toContain('<b>');
  expect(page).toContain("default-src 'none'");
});

test('a folder is no history, neither to write nor to read', () => {
  expect(() => checkHistory(folder)).toThrow(`--history "${folder}" is a folder`);
  expect(() => readHistory(folder)).toThrow('give the history itself');
  expect(() => checkHistory(file)).not.toThrow();
});

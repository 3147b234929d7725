import { execFile } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { measuredIn } from './compare/side.ts';
import { HydrotestError } from './errors.ts';
import { readJournal } from './journal.ts';
import { judge } from './judge.ts';
import type { JournalEntry, RunRecord } from './model.ts';
import { openJournal } from './open-journal.ts';
import { journalOf, linesOf } from './testing/examine.ts';
import { healthyRun } from './testing/records.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hydrotest-journal-'));
  path = join(folder, 'journal.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function writeAll(entries: JournalEntry[]): void {
  const journal = openJournal(path, (error) => {
    throw error;
  });
  for (const entry of entries) journal.write(entry);
  journal.close();
}

function thrownBy(action: () => unknown): HydrotestError {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(HydrotestError);
    return error as HydrotestError;
  }
  throw new Error('nothing was thrown');
}

describe('what was written', () => {
  it('is read back as the same record, and judged the same', () => {
    const record = healthyRun();
    record.skipped.push({ scenario: 'more', proves: 'more', reason: 'no limit' });
    record.scenarios[2]?.gaps.push({ probe: 'heap', reason: 'no inspector', elapsedMs: 3 });
    Object.assign(record.scenarios[4] ?? {}, { error: 'no more sockets' });
    record.interrupted = 'SIGINT received';
    writeAll(journalOf(record));
    const back = readJournal(path);
    expect(journalOf(back)).toEqual(journalOf(record));
    expect({ ...back, scenarios: [] }).toEqual({ ...record, scenarios: [] });
    expect(judge(back)).toEqual(judge(record));
  });

  it('is in the file at once, before anything is closed', () => {
    const journal = openJournal(path, () => {});
    journal.write({ type: 'end', elapsedMs: 1 });
    expect(readFileSync(path, 'utf8')).toBe('{"type":"end","elapsedMs":1,"line":1}\n');
    journal.close();
  });

  it('is nothing more once it is closed, and closing twice is fine', () => {
    const journal = openJournal(path, () => {});
    journal.write({ type: 'end', elapsedMs: 1 });
    journal.close();
    journal.close();
    journal.write({ type: 'end', elapsedMs: 2 });
    expect(readFileSync(path, 'utf8').split('\n')).toHaveLength(2);
  });

  it('keeps line breaks and every alphabet within its line', () => {
    const record = healthyRun(['tabs']);
    record.interrupted = 'process 1 ended; its last output:\nпамять\u2028💧';
    writeAll(journalOf(record));
    expect(readJournal(path).interrupted).toBe(record.interrupted);
  });
});

describe('a journal that cannot be made', () => {
  it('exists already: an earlier run is not overwritten', () => {
    writeFileSync(path, 'mine');
    const { code, message } = thrownBy(() => openJournal(path, () => {}));
    expect(code).toBe('journal');
    expect(message).toContain(path);
    expect(message).toContain('--out');
    expect(readFileSync(path, 'utf8')).toBe('mine');
  });

  it('is in a folder that is not there', () => {
    const { code } = thrownBy(() => openJournal(join(folder, 'no', 'journal.ndjson'), () => {}));
    expect(code).toBe('journal');
  });
});

describe('a journal that cannot be written any more', () => {
  it('ends with one failure, and what came before stays readable', async () => {
    // A limit on the size of files: the kernel answers as on a full disk, in the middle of a line.
    const child = `
      const { openJournal } = await import(process.argv[1]);
      const failures = [];
      const journal = openJournal(process.argv[3], ({ code, message }) => failures.push({ code, message }));
      const entries = JSON.parse(process.argv[2]);
      for (const entry of entries) journal.write(entry);
      const note = { type: 'gap', scenario: 'tabs', elapsedMs: 1, probe: 'p', reason: 'x'.repeat(300) };
      for (let i = 0; i < 100; i++) journal.write(note);
      const { scenarios, interrupted, tornLineCount } = journal.readBack();
      journal.close();
      console.log(JSON.stringify({ failures, gapCount: scenarios[0].gaps.length, interrupted, tornLineCount }));`;
    const record = healthyRun(['tabs']);
    const [scenario] = record.scenarios;
    Object.assign(scenario ?? {}, { samples: [], streams: [], feeds: [], endedMs: null });
    record.complete = false;
    const { stdout } = await promisify(execFile)('bash', [
      '-c',
      'ulimit -f 16 && exec "$0" --input-type=module -e "$@"',
      process.execPath,
      child,
      pathToFileURL(join(import.meta.dirname, 'open-journal.ts')).href,
      JSON.stringify(journalOf(record)),
      path,
    ]);
    const { failures, ...kept } = JSON.parse(stdout) as {
      failures: { code: string; message: string }[];
      gapCount: number;
      interrupted: string;
      tornLineCount: number;
    };
    expect(failures).toHaveLength(1);
    expect(failures[0]?.code).toBe('journal');
    expect(failures[0]?.message).toMatch(/cannot be written: EFBIG.*Free space, or give another --out/);

    // What found no room in the file is not lost to the run itself.
    expect(kept).toEqual({
      gapCount: (scenario?.gaps.length ?? 0) + 100,
      interrupted: failures[0]?.message,
      tornLineCount: 0,
    });

    const back = readJournal(path);
    expect(back.complete).toBe(false);
    // The half of the line that had found room was taken back.
    expect(back.tornLineCount).toBe(0);
    expect(back.scenarios[0]?.target).toEqual(scenario?.target);
    expect(back.scenarios[0]?.gaps.length).toBeGreaterThan(10);
    expect(judge(back).verdict).toMatchObject({
      outcome: 'invalid',
      reason: expect.stringContaining('the journal ends before the run did'),
    });
  });
});

describe('a journal whose file is taken away', () => {
  const run = () => journalOf(healthyRun(['tabs']));

  function taken(take: () => void): { failures: string[]; written: JournalEntry[]; back: RunRecord } {
    const failures: string[] = [];
    const journal = openJournal(path, ({ message }) => failures.push(message));
    const written = run();
    for (const entry of written.slice(0, 20)) journal.write(entry);
    take();
    for (const entry of written.slice(20)) journal.write(entry);
    const back = journal.readBack();
    journal.close();
    return { failures, written, back };
  }

  it.each([
    ['removed', () => rmSync(path), 'is gone'],
    ['removed with its folder', () => rmSync(folder, { recursive: true }), 'is gone'],
    ['moved', () => renameSync(path, `${path}.old`), 'is gone'],
    [
      'replaced',
      () => {
        rmSync(path);
        writeFileSync(path, 'another');
      },
      'is another file now',
    ],
  ])('%s: it is told once, and all of it is read back', (_, take, how) => {
    const { failures, written, back } = taken(take);
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain(path);
    expect(failures[0]).toContain(how);
    expect(back.interrupted).toBe(failures[0]);
    expect(journalOf({ ...back, interrupted: null })).toEqual(written);
    expect(judge(back)).toMatchObject({ complete: false, verdict: { outcome: 'invalid' } });
  });

  it('cut short: it is told, and what is left is read back', () => {
    const { failures, back } = taken(() => truncateSync(path));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toContain('was cut short');
    expect(back.run.runId).toBe(healthyRun([]).run.runId);
    expect(judge(back)).toMatchObject({ complete: false, verdict: { outcome: 'invalid' } });
  });

  it('is noticed although nobody writes', async () => {
    const failures: string[] = [];
    const journal = openJournal(path, ({ message }) => failures.push(message));
    journal.write({ type: 'end', elapsedMs: 1 });
    rmSync(path);
    await expect.poll(() => failures, { timeout: 20_000 }).toHaveLength(1);
    journal.close();
  });

  it('twin: left alone, nothing is told, and it is read back as from its file', () => {
    const { failures, back } = taken(() => {});
    expect(failures).toEqual([]);
    expect(back).toEqual(readJournal(path));
    expect(judge(back).verdict.outcome).toBe('pass');
  });
});

describe('a damaged journal', () => {
  const lines = () => linesOf(journalOf(healthyRun(['tabs'])));
  const read = (content: string[]) => {
    writeFileSync(path, content.map((line) => `${line}\n`).join(''));
    return readJournal(path);
  };

  it('with a torn last line: it is counted and left out', () => {
    const whole = lines();
    read(whole.slice(0, -1));
    appendFileSync(path, '{"type":"en');
    const back = readJournal(path);
    expect(back).toMatchObject({ tornLineCount: 1, complete: false });
    expect(back.scenarios[0]?.streams).toHaveLength(10);
  });

  it('with a last line that lacks its newline only: it counts', () => {
    writeFileSync(path, lines().join('\n'));
    expect(readJournal(path)).toMatchObject({ tornLineCount: 0, complete: true });
  });

  it.each([
    ['half a line', '{"type":"sample","scena'],
    ['a block that was never written', '\0\0\0\0'],
    ['JSON that is no entry', 'null'],
    ['an object that is no entry', '{"elapsedMs":4}'],
    ['an entry without a time', '{"type":"sample","scenario":"tabs"}'],
    ['an entry of a scenario that never started', '{"type":"gap","scenario":"nobody","elapsedMs":3}'],
  ])('with %s in the middle: it is counted, the rest is read, and the run does not pass', (_, line) => {
    const back = read(lines().toSpliced(4, 0, line));
    expect(back).toMatchObject({ tornLineCount: 1, complete: true, durationMs: 12_000 });
    expect(back.scenarios[0]?.streams).toHaveLength(10);
    expect(judge(back).verdict).toMatchObject({
      outcome: 'invalid',
      reason: '1 line of the journal cannot be read: what stood there is lost',
    });
  });

  it.each<[what: string, damage: (lines: string[]) => string[], torn: number, lost: number]>([
    ['a line that is gone', (all) => all.toSpliced(5, 1), 0, 1],
    ['lines that are gone in two places', (all) => all.toSpliced(9, 2).toSpliced(5, 1), 0, 3],
    ['all lines but the first and the last gone', (all) => [...all.slice(0, 1), ...all.slice(-1)], 0, -2],
    ['a line gone beside a torn one', (all) => all.with(5, '{"type":"samp').toSpliced(6, 1), 1, 1],
    ['a line that stands twice', (all) => all.toSpliced(5, 0, all[5] as string), 1, 0],
    // The one that stands too early leaves a gap before it; that which follows comes too late.
    ['two lines that changed places', (all) => all.with(5, all[6] as string).with(6, all[5] as string), 1, 1],
    ['a line without a number', (all) => all.with(5, (all[5] as string).replace(/,"line":6/, '')), 1, 0],
  ])('with %s: it is counted, and nothing passes', (_, damage, tornLineCount, lost) => {
    const whole = lines();
    const lostLineCount = lost < 0 ? whole.length + lost : lost;
    const back = read(damage(whole));
    expect(back).toMatchObject({ tornLineCount, lostLineCount, complete: true });
    const { verdict, scenarios } = judge(back);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toContain(lost === 0 ? '1 line of the journal cannot' : `${lostLineCount} line`);
    expect(verdict.reason).toContain(': what stood there is lost');
    for (const { outcome, findings } of scenarios)
      expect([outcome, ...findings.map((finding) => finding.outcome)]).not.toContain('pass');
    expect(measuredIn(back, folder).unusable).toMatch(
      lost === 0 ? /cannot be read/ : new RegExp(`^${lostLineCount} lines of its journal are gone`),
    );
  });

  it('of a run that was killed, with a line lost before that: both are known', () => {
    const back = read(lines().toSpliced(5, 1).slice(0, -1));
    expect(back).toMatchObject({ lostLineCount: 1, complete: false });
    expect(judge(back).verdict.outcome).toBe('invalid');
  });

  it.each([
    ['another first line', linesOf([{ type: 'end', elapsedMs: 1 }])],
    ['a torn first line before a whole one', ['{"ty', ...lines()]],
    ['no first line', lines().slice(1)],
    ['a first line that was not the first', [JSON.stringify({ ...healthyRun([]).run, line: 2 })]],
    ['a first line without a number', [JSON.stringify(healthyRun([]).run)]],
    ['another version', [JSON.stringify({ ...journalOf(healthyRun([]))[0], line: 1, journalVersion: 1 })]],
    ['some other file', ['<!doctype html>']],
  ])('that begins with %s is refused', (_, content) => {
    const { code, message } = thrownBy(() => read(content));
    expect(code).toBe('journal');
    expect(message).toContain('is not a journal of this version of hydrotest');
    expect(message).toContain(path);
  });

  it.each([
    ['is empty', '', 'is empty'],
    ['ends in its first line', '{"type":"run","journalV', 'ends in the middle of its first line'],
    ['ends in the first word of it', '{"ty', 'ends in the middle of its first line'],
  ])('that %s says that its run was ended as it began', (_, content, words) => {
    writeFileSync(path, content);
    const { code, message } = thrownBy(() => readJournal(path));
    expect(code).toBe('journal');
    expect(message).toContain(path);
    expect(message).toContain(words);
    expect(message).toContain('the run was ended');
  });

  it('that ends anywhere makes a report, which does not pass', () => {
    const whole = Buffer.from(lines().join('\n'));
    const first = whole.indexOf('\n');
    // Each byte of a line of every kind would be thousands of readings: a prime step meets all places of a line in turn.
    for (let bytes = first + 1; bytes < whole.length; bytes += 97) {
      writeFileSync(path, whole.subarray(0, bytes));
      const record = readJournal(path);
      expect(record.complete).toBe(false);
      expect(record.tornLineCount).toBeLessThanOrEqual(1);
      expect(judge(record)).toMatchObject({ complete: false, verdict: { outcome: 'invalid' } });
    }
  });

  it('that is a folder, or in a file, cannot be read', () => {
    expect(thrownBy(() => readJournal(folder)).message).toMatch(/cannot be read: EISDIR/);
    writeFileSync(path, '');
    expect(thrownBy(() => readJournal(join(path, 'journal.ndjson'))).code).toBe('usage');
  });

  it('that is not there is a mistake of the user', () => {
    const { code, message } = thrownBy(() => readJournal(path));
    expect(code).toBe('usage');
    expect(message).toContain(path);
    expect(message).toContain('give the folder of a run');
  });
});

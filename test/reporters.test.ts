import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { Report } from '../harness/model.ts';
import { boxTest, CLI, type CliResult, findRun, openBox, shown } from './support/cli.ts';

const QUICK = ['run', '--scenarios', 'limit'];
const MINE =
  "export default async (report: { verdict: { outcome: string } }) => 'mine: ' + report.verdict.outcome;\n";

/** A box with the folder of a run in it, of which reports can be made in no time. */
const reportTest = boxTest.extend<{ runFolder: string }>({
  runFolder: async ({ box }, use) => {
    const folder = join(box.folder, 'a-run');
    mkdirSync(folder);
    writeFileSync(join(folder, 'journal.ndjson'), await journalOfARun());
    await use(folder);
  },
});

let journal: Promise<string> | undefined;

function journalOfARun(): Promise<string> {
  journal ??= (async () => {
    const { box, close } = openBox();
    const result = await box.run(QUICK);
    const text = readFileSync(join(result.runFolder ?? '', 'journal.ndjson'), 'utf8');
    await close(result.code !== 0);
    return text;
  })();
  return journal;
}

const reporterArgs = (...reporters: string[]) => reporters.flatMap((text) => ['--reporter', text]);

describe.concurrent('where reports go', () => {
  boxTest('of a run: files in new folders, one of the user, the rest in the run’s own', async ({ box }) => {
    writeFileSync(join(box.folder, 'mine.ts'), MINE);
    writeFileSync(
      join(box.folder, 'hydrotest.config.mjs'),
      `export default { reporter: ['html', 'junit=build/new/junit.xml', './mine.ts=out.txt'] };`,
    );
    const result = await box.run(QUICK);
    expect(result.code, shown(result)).toBe(0);
    expect(readFileSync(join(box.folder, 'build/new/junit.xml'), 'utf8')).toContain('<testsuites');
    expect(readFileSync(join(box.folder, 'out.txt'), 'utf8')).toBe('mine: pass');
    expect(readdirSync(result.runFolder ?? '').filter((name) => /report|junit/.test(name))).toEqual([
      'report.html',
    ]);
    // No reporter for the terminal was asked for: the verdict, and where the files are.
    expect(result.stdout).toMatch(/^✔ PASS {2}all \d+ checks hold/);
    expect(result.stdout).toContain('report.html, build/new/junit.xml, out.txt');
    expect(result.stdout).not.toContain('Scenario ');
  });

  reportTest('a list with commas, and the terminal in a file', async ({ box, runFolder }) => {
    const args = reporterArgs('json,terminal=screen.txt', 'markdown');
    const result = await box.run(['report', runFolder, ...args], { out: false });
    expect(result.code, shown(result)).toBe(0);
    expect(readFileSync(join(box.folder, 'screen.txt'), 'utf8')).toContain('Scenario ');
    expect(readdirSync(runFolder).sort()).toEqual(['journal.ndjson', 'report.json', 'report.md']);
  });

  reportTest('- is standard output, for another program', async ({ box, runFolder }) => {
    const result = await box.run(['report', runFolder, ...reporterArgs('json=-', 'html')], { out: false });
    expect(result.code, shown(result)).toBe(0);
    expect((JSON.parse(result.stdout) as Report).verdict.outcome).toBe('pass');
    expect(result.stderr).toContain('✔ PASS');
    expect(result.stderr).toContain('report.html');
  });
});

boxTest('a mistake is found before anything runs', async ({ box }) => {
  const result = await box.run([...QUICK, ...reporterArgs('./nope.ts')]);
  expect(result.code, shown(result)).toBe(2);
  expect(result.stderr).toContain('--reporter ./nope.ts does not exist');
  expect(result.stdout).toBe('');
  expect(result.runFolder).toBe(null);

  writeFileSync(join(box.folder, 'a-file'), 'mine');
  const below = await box.run([...QUICK, ...reporterArgs('junit=a-file/new/junit.xml')]);
  expect(below.code, shown(below)).toBe(2);
  expect(below.stderr).toMatch(/--reporter "junit=.*" cannot be written: .*a-file is a file and no folder/);
  expect(below.runFolder).toBe(null);
  expect(readFileSync(join(box.folder, 'a-file'), 'utf8')).toBe('mine');
});

describe.concurrent('a report that cannot be made', () => {
  const brokenRun = (result: CliResult, message: string) => {
    expect(result.code, shown(result)).toBe(4);
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain('The journal is whole: hydrotest report');
    expect(result.stdout).toContain('✔ PASS');
  };

  reportTest('keeps no other away: an unwritable path', async ({ box, runFolder }) => {
    // Linux's disk that is always full.
    const args = reporterArgs('junit=/dev/full', 'html', 'terminal');
    const result = await box.run(['report', runFolder, ...args], { out: false });
    brokenRun(result, 'the report junit (/dev/full) could not be made: ENOSPC');
    expect(result.stdout).toContain('Scenario ');
    expect(existsSync(join(runFolder, 'report.html'))).toBe(true);
  });

  reportTest('nor does one of the user that throws, or returns no text', async ({ box, runFolder }) => {
    writeFileSync(
      join(box.folder, 'throws.mjs'),
      'export default () => { throw new Error("no such field"); };',
    );
    writeFileSync(join(box.folder, 'nothing.mjs'), 'export default () => {};');
    const args = reporterArgs('./throws.mjs=x.txt', './nothing.mjs=y.txt', 'json');
    const result = await box.run(['report', runFolder, ...args], { out: false });
    brokenRun(result, 'the report ./throws.mjs (x.txt) could not be made: no such field.');
    expect(result.stderr).toContain('it returned undefined and no text');
    expect(existsSync(join(runFolder, 'report.json'))).toBe(true);
    expect(existsSync(join(box.folder, 'y.txt'))).toBe(false);
  });

  reportTest(
    'one that changes its report changes no other, nor the exit code',
    async ({ box, runFolder }) => {
      writeFileSync(
        join(box.folder, 'changes.mjs'),
        'export default (report) => { report.verdict.outcome = "fail"; report.scenarios.length = 0; return ""; };',
      );
      const args = reporterArgs('./changes.mjs', 'json');
      const result = await box.run(['report', runFolder, ...args], { out: false });
      expect(result.code, shown(result)).toBe(0);
      const report = JSON.parse(readFileSync(join(runFolder, 'report.json'), 'utf8')) as Report;
      expect(report.verdict.outcome).toBe('pass');
      expect(report.scenarios).toHaveLength(1);
    },
  );

  reportTest('the journal is never written over, nor one report by another', async ({ box, runFolder }) => {
    const before = readFileSync(join(runFolder, 'journal.ndjson'));
    const args = reporterArgs('html', 'json=a-run/journal.ndjson', 'junit=a-run/report.html');
    const result = await box.run(['report', runFolder, ...args], { out: false });
    brokenRun(result, 'that is the journal of the run');
    expect(result.stderr).toContain('another report of this run is there');
    expect(readFileSync(join(runFolder, 'journal.ndjson')).equals(before)).toBe(true);
    expect(readFileSync(join(runFolder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i);
  });
});

boxTest('a run whose output nobody reads goes on to its reports', async ({ box }) => {
  const command = `'${process.execPath}' '${CLI}' ${QUICK.join(' ')} --out '${box.outDir}'`;
  const child = box.spawn('bash', ['-c', `${command} 2>&1 | true; exit "\${PIPESTATUS[0]}"`]);
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  expect(existsSync(join(findRun(box.outDir) ?? '', 'report.html'))).toBe(true);
});

describe.concurrent('a history that cannot be written', () => {
  const cases: [string, string[], number, string][] = [
    ['is seen in the exit code of a run that passed', [], 3, '✔ PASS'],
    ['takes nothing from one that failed', ['--budget', '1MB'], 1, '✖ FAIL'],
  ];
  for (const [name, args, code, verdict] of cases)
    boxTest(name, async ({ box }) => {
      writeFileSync(join(box.folder, 'a-file'), 'mine');
      const result = await box.run([...QUICK, ...args, '--history', 'a-file/history.ndjson']);
      expect(result.code, shown(result)).toBe(code);
      expect(result.stdout).toContain(verdict);
      expect(result.stderr).toContain('a-file/history.ndjson cannot be written');
      expect(existsSync(join(result.runFolder ?? '', 'report.html'))).toBe(true);
    });
});

describe.concurrent('the summary of a step of GitHub Actions', () => {
  const onGitHub = (path: string) => ({ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: path });

  reportTest('gets the report, after what stands in it already', async ({ box, runFolder }) => {
    const path = join(box.folder, 'summary.md');
    writeFileSync(path, 'of another tool');
    const env = onGitHub(path);
    const result = await box.run(['report', runFolder, ...reporterArgs('json')], { out: false, env });
    expect(result.code, shown(result)).toBe(0);
    expect(readFileSync(path, 'utf8')).toMatch(/^of another tool\n\n## ✔ PASS: hydrotest\n/);
    expect(result.stdout).toContain("The report is in the step's summary on GitHub.");
  });

  reportTest('one that cannot be written, or is full, is a warning', async ({ box, runFolder }) => {
    const full = join(box.folder, 'full.md');
    writeFileSync(full, 'x'.repeat(1024 * 1024 - 1000));
    for (const path of [full, box.folder]) {
      const result = await box.run(['report', runFolder, ...reporterArgs('json')], {
        out: false,
        env: onGitHub(path),
      });
      expect(result.code, shown(result)).toBe(0);
      expect(result.stdout).toContain("warning: the report is not in the step's summary on GitHub");
    }
    expect(readFileSync(full, 'utf8')).toHaveLength(1024 * 1024 - 1000);
  });

  reportTest('is left alone elsewhere', async ({ box, runFolder }) => {
    const path = join(box.folder, 'summary.md');
    const env = { GITHUB_ACTIONS: '', GITHUB_STEP_SUMMARY: path };
    const result = await box.run(['report', runFolder, ...reporterArgs('json')], { out: false, env });
    expect(result.code, shown(result)).toBe(0);
    expect(existsSync(path)).toBe(false);
  });
});

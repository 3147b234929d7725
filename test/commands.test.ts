import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { presets } from '../harness/presets.ts';
import { behaviours } from '../harness/streams/behaviours.ts';
import { protocols } from '../harness/streams/protocols.ts';
import { scenarios } from '../scenarios/index.ts';
import { boxTest, EVENTS_URL, REPO, shown, targetCommand } from './support/cli.ts';
import { notPassed, reportOf } from './support/findings.ts';

const REPORTS = ['report.json', 'junit.xml', 'report.md', 'report.html'];
const SHORT_TABS = ['--scenarios', 'tabs', '--duration', '1s'];

describe.concurrent('commands', () => {
  boxTest('report makes the same files again, byte by byte', async ({ box }) => {
    const first = await box.run(['run', '--scenarios', 'limit']);
    expect(first.code, shown(first)).toBe(0);
    const folder = first.runFolder ?? '';
    const read = () => REPORTS.map((name) => readFileSync(join(folder, name)));
    const original = read();
    for (const time of ['second', 'third']) {
      for (const name of REPORTS) writeFileSync(join(folder, name), 'scratched out');
      const again = await box.run(['report', folder], { out: false });
      expect(again.code, shown(again)).toBe(0);
      expect(again.stdout, `the ${time} time`).toBe(first.stdout);
      for (const [index, bytes] of read().entries()) {
        expect(bytes.equals(original[index] as Buffer), `${REPORTS[index]} the ${time} time`).toBe(true);
      }
    }
  });

  boxTest('list names every scenario and what it proves', async ({ box }) => {
    const { code, stdout } = await box.run(['list'], { out: false });
    expect(code).toBe(0);
    // Its lifecycle paths stand below a scenario, moved in.
    const [tested = '', ...tables] = stdout.split(/\n(?:behaviours|protocols|presets), for --\w+:\n/);
    const own = tested.split('\n').filter((line) => /^\S/.test(line));
    const width = Math.max(...scenarios.map(({ name }) => name.length));
    expect(own).toEqual(scenarios.map(({ name, proves }) => `${name.padEnd(width)}  ${proves}`));
    const names = tables.map((table) =>
      table
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    );
    expect(names).toEqual([behaviours, protocols, presets].map((all) => Object.keys(all)));
  });

  boxTest('serve --help is the help of the reference server', async ({ box }) => {
    const result = await box.run(['serve', '--help'], { out: false });
    expect(result.code, shown(result)).toBe(0);
    for (const option of ['--dir', '--limit', '--max-duration', '--fault'])
      expect(result.stdout).toContain(option);
  });

  boxTest('serve starts it, and a signal stops it', async ({ box }) => {
    const cli = box.start(['serve', '--port', '0', '--dir', box.folder], { out: false });
    await cli.printed(/"listening"/);
    const url = /"url":"([^"]+)"/.exec(cli.output())?.[1] ?? '';
    expect((await fetch(`${url}/health`)).status).toBe(200);
    cli.signal('SIGTERM');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(0);
    expect(box.processes()).toEqual([]);
  });

  boxTest('--help shows examples and exit codes', async ({ box }) => {
    const program = await box.run(['--help'], { out: false });
    expect(program.code).toBe(0);
    expect(program.stdout).toContain('Examples:');
    expect(program.stdout).toContain('0 pass · 1 fail · 2 wrong usage');
    const run = await box.run(['run', '--help'], { out: false });
    expect(run.code).toBe(0);
    expect(run.stdout).toContain('--command');
    expect(run.stdout).toContain('hydrotest.config.ts');
  });
});

describe.concurrent('configuration', () => {
  boxTest('hydrotest.config.ts of the working folder is used, and the command line wins', async ({ box }) => {
    // An enum is TypeScript that Node cannot run by itself.
    writeFileSync(
      join(box.folder, 'hydrotest.config.ts'),
      `import { defineConfig } from '${join(REPO, 'harness/index.ts')}';
       enum Hold { Tabs = '10m' }
       export default defineConfig({
         command: ${JSON.stringify(targetCommand('better-sse-express.mjs'))},
         url: '${EVENTS_URL}',
         budget: '321MB',
         duration: Hold.Tabs,
         scenarios: ['tabs'],
       });`,
    );
    const result = await box.run(['run', '--duration', '1s']);
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
    const { config, scenarios: ran } = reportOf(result);
    expect(config.budgetBytes).toBe(321e6);
    expect(config.durationMs).toBe(1000);
    expect(ran.map(({ scenario }) => scenario)).toEqual(['tabs']);
    expect(ran[0]?.command).toContain('better-sse-express.mjs');
  });

  boxTest('header values are sent, and stand in no file and no output', async ({ box }) => {
    const token = 'kJ8sWq-not-for-others';
    const target = ['--command', targetCommand('needs-token.mjs'), '--url', EVENTS_URL];
    const env = { TOKEN: token };
    const result = await box.run(
      ['run', ...target, '--header', `Authorization: Bearer ${token}`, ...SHORT_TABS],
      {
        env,
      },
    );
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
    const { config, repeatCommand } = reportOf(result);
    expect(config.headers).toEqual({ Authorization: '(hidden)' });
    expect(repeatCommand).toContain('Authorization');
    expect(result.stdout + result.stderr).not.toContain(token);
    const files = readdirSync(result.runFolder ?? '');
    expect(files).toEqual(expect.arrayContaining(['journal.ndjson', ...REPORTS]));
    for (const file of files) {
      expect(readFileSync(join(result.runFolder ?? '', file), 'utf8'), file).not.toContain(token);
    }
  });

  boxTest('without the header the same server lets no stream in, and that fails', async ({ box }) => {
    const target = ['--command', targetCommand('needs-token.mjs'), '--url', EVENTS_URL];
    const result = await box.run(['run', ...target, ...SHORT_TABS], { env: { TOKEN: 'something' } });
    expect(result.code, shown(result)).toBe(1);
    expect(notPassed(result)).toContain('fail: tabs/streams-held');
  });
});

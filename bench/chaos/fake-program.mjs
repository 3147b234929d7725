/**
 * Stands in for the program in the driver's own tests, and breaks one promise, which its first argument names. It makes no
 * report and starts no target.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [mode] = process.argv.slice(2);
const forever = ['-e', 'setInterval(() => {}, 1000)'];
const outDir = process.argv[process.argv.indexOf('--out') + 1] ?? '';
const attachedPid = Number(process.argv[process.argv.indexOf('--pid') + 1]);

const deeds = {
  'leaves-orphan': () => spawn(process.execPath, forever, { detached: true, stdio: 'ignore' }).unref(),
  // The session is that of the program, the environment is not.
  'leaves-nameless-orphan': () => spawn(process.execPath, forever, { env: {}, stdio: 'ignore' }).unref(),
  'leaves-file': () => writeFileSync(join(tmpdir(), 'cache'), 'x'),
  hangs: () => setInterval(() => {}, 1000),
  'signals-server': () => process.kill(attachedPid, 'SIGTERM'),
  'shows-trace': () => {
    throw new Error('nobody caught me');
  },
  'says-nothing': () => {},
  'tears-report': () => {
    const run = join(outDir, '2026-01-01T00-00-00-1');
    mkdirSync(run);
    writeFileSync(join(run, 'report.html'), '<!doctype html><html><body>half of');
  },
  'tears-journal': () => {
    const run = join(outDir, '2026-01-01T00-00-00-1');
    mkdirSync(run);
    writeFileSync(join(run, 'journal.ndjson'), 'no journal\n');
  },
};
process.exitCode = mode === 'says-nothing' ? 0 : 3;
if (mode !== 'says-nothing') process.stderr.write('hydrotest: the target ended: check its log.\n');
deeds[mode]();

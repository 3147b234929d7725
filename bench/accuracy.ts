/**
 * How often the leak verdict is right: runs hydrotest on the servers in accuracy/cases/, which leak in a known way or only look as
 * if they did, each time on fresh processes with another seed.
 *
 *   npm run accuracy                         each case once, with its power curve
 *   npm run accuracy -- NAME …               only these cases
 *   npm run accuracy -- --protocol websocket only the cases that speak it (or sse)
 *   npm run accuracy -- --runs 2 --clean 20  so many runs on each leaky and each clean server
 *   npm run accuracy -- --power 5            so many runs at each point of the power curve
 *   npm run accuracy -- --quick              a few cases, in a minute
 *   npm run accuracy -- --wild               published packages with leaks that were found in the wild
 *   npm run accuracy -- --summary FILE       writes the tables to a Markdown file as well
 *   npm run accuracy -- --journal FILE       keeps each run in a file; started again with it, goes on where it was stopped
 *   npm run accuracy -- --grace 75s          how long what looks like a leak has time to be released
 *   npm run accuracy -- --jobs 2 --seed 7    so many runs at a time; another order and other seeds
 */
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import {
  type AccuracyCase,
  CASE_PROTOCOLS,
  type CaseProtocol,
  loadCases,
  loadMisfits,
  misfitCommand,
  type Side,
  sidesOf,
} from './accuracy/manifest.ts';
import { isPromised, runCase, type Trial } from './accuracy/run-case.ts';
import { runCli, stopAll } from './accuracy/run-cli.ts';
import { renderForMarkdown, renderForTerminal, type Section, sections } from './accuracy/summary.ts';
import { command, OptionError, readOptions, wholeNumber } from './options.ts';

const POWER_SIZES = [16, 32, 64, 128, 256, 1024, 4096];

/** A leak that every tool should see, one that is small, a server that keeps nothing, and a leak that only WebSockets have. */
const QUICK = ['client-set', 'under-200', 'plain', 'ws-pending-replies'];

interface Job {
  found: AccuracyCase;
  side: Side;
  probe: 'heap' | 'none';
  leakBytes: number | null;
  pressure: boolean;
}

interface Settings {
  runs: number;
  clean: number;
  power: number;
  jobs: number;
  seed: number;
  grace: string;
  summary: string | undefined;
  journal: string | undefined;
  /** Empty: all. */
  names: string[];
  /** Undefined: all. */
  protocol: CaseProtocol | undefined;
  wild: boolean;
}

function readSettings(): Settings {
  const { values, positionals } = readOptions({
    options: {
      runs: { type: 'string', default: '1' },
      clean: { type: 'string', default: '1' },
      power: { type: 'string' },
      jobs: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      grace: { type: 'string', default: '20s' },
      quick: { type: 'boolean', default: false },
      wild: { type: 'boolean', default: false },
      protocol: { type: 'string' },
      summary: { type: 'string' },
      journal: { type: 'string' },
    },
    allowPositionals: true,
  });
  return {
    runs: wholeNumber('--runs', values.runs),
    clean: wholeNumber('--clean', values.clean),
    power: wholeNumber('--power', values.power ?? values.runs),
    jobs: wholeNumber('--jobs', values.jobs),
    seed: wholeNumber('--seed', values.seed, 0),
    grace: values.grace,
    summary: values.summary,
    journal: values.journal,
    names: values.quick ? QUICK : positionals,
    protocol: protocolOf(values.protocol),
    wild: values.wild,
  };
}

function protocolOf(said: string | undefined): CaseProtocol | undefined {
  const protocol = CASE_PROTOCOLS.find((one) => one === said);
  if (said !== undefined && protocol === undefined)
    throw new OptionError(`--protocol ${said}: no case speaks it. There are ${CASE_PROTOCOLS.join(', ')}`);
  return protocol;
}

await command('accuracy', () => {
  const settings = readSettings();
  return settings.wild ? runWild(settings) : main(settings);
});

async function runWild({ names }: Settings): Promise<number> {
  const bench = fileURLToPath(new URL('wild.ts', import.meta.url));
  const child = spawn(process.execPath, [bench, ...names], { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  return new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

async function main(settings: Settings): Promise<number> {
  const { names, protocol } = settings;
  const all = loadCases();
  const unknown = names.filter((name) => !all.some((found) => found.name === name));
  if (unknown.length > 0) {
    const known = all.map(({ name }) => name).join(', ');
    throw new OptionError(`there is no case ${unknown.join(', ')}. There are ${known}`);
  }
  const chosen = all.filter(
    (found) =>
      (names.length === 0 || names.includes(found.name)) &&
      (protocol === undefined || found.protocol === protocol),
  );
  const jobs = chosen.flatMap((found) => jobsOf(found, settings));
  let stopped = false;
  process.on('SIGINT', () => {
    stopped = true;
    stopAll();
  });

  const trials = settings.journal === undefined ? [] : await readTrials(settings.journal);
  const queue = without(shuffled(jobs, settings.seed), trials);
  const work = async () => {
    for (let job = queue.shift(); job !== undefined && !stopped; job = queue.shift()) {
      const seed = settings.seed + trials.length + queue.length * 1000;
      const release = job.pressure ? startPressure() : () => {};
      const { side, probe, pressure, leakBytes } = job;
      const options = { side, probe, pressure, leakBytes, seed, grace: settings.grace };
      const trial = await runCase(job.found, options).finally(release);
      if (stopped) return;
      trials.push(trial);
      process.stderr.write(`${trials.length} of ${jobs.length}  ${describe(trial)}\n`);
      if (settings.journal !== undefined) await writeFile(settings.journal, JSON.stringify(trials, null, 1));
    }
  };
  await Promise.all(Array.from({ length: settings.jobs }, work));
  const misfits =
    names.length === 0 && protocol === undefined && !stopped
      ? await runMisfits()
      : { section: null, wrong: 0 };
  const tables = [...sections(trials), ...(misfits.section === null ? [] : [misfits.section])];
  process.stdout.write(`\n${renderForTerminal(tables)}`);
  if (settings.summary !== undefined)
    await writeFile(settings.summary, `${heading(trials, settings)}\n${renderForMarkdown(tables)}`);
  const wrong = trials.filter((trial) => isPromised(trial) && !trial.right);
  process.stdout.write(`${trials.length - wrong.length} of ${trials.length} runs as they should be\n`);
  return trials.length > 0 && wrong.length === 0 && misfits.wrong === 0 && !stopped ? 0 : 1;
}

async function readTrials(path: string): Promise<Trial[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Trial[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new OptionError(`--journal: the file ${path} cannot be read: ${(error as Error).message}`);
  }
}

/** The jobs that an earlier start has not done yet. */
function without(jobs: readonly Job[], trials: readonly Trial[]): Job[] {
  const nameOf = (name: string, { side, probe, leakBytes, pressure }: Omit<Job, 'found'>) =>
    [name, side, probe, leakBytes, pressure].join();
  const done = trials.map((trial) => nameOf(trial.name, trial));
  return jobs.filter((job) => {
    const at = done.indexOf(nameOf(job.found.name, job));
    if (at !== -1) done.splice(at, 1);
    return at === -1;
  });
}

function jobsOf(found: AccuracyCase, settings: Settings): Job[] {
  const probe = found.args.includes('--no-inspect') ? 'none' : 'heap';
  const base = { found, probe, leakBytes: null, pressure: false } as const;
  const repeat = (job: Job, times: number) => Array.from({ length: times }, () => job);
  const { runs, power } = settings;
  const cleans = found.slow ? Math.ceil(settings.clean / 4) : settings.clean;
  return sidesOf(found).flatMap((side): Job[] => {
    if (side === 'clean') {
      const under = found.pressure ? repeat({ ...base, side, pressure: true }, cleans) : [];
      const blind = found.power ? repeat({ ...base, side, probe: 'none' }, cleans) : [];
      return [...repeat({ ...base, side }, cleans), ...under, ...blind];
    }
    if (!found.power) return repeat({ ...base, side }, runs);
    return POWER_SIZES.flatMap((leakBytes) =>
      (['heap', 'none'] as const).flatMap((one) => repeat({ ...base, side, probe: one, leakBytes }, power)),
    );
  });
}

/** Keeps one core busy, as a neighbour on a shared runner does. */
function startPressure(): () => void {
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' });
  return () => void child.kill('SIGKILL');
}

async function runMisfits(): Promise<{ section: Section; wrong: number }> {
  const rows: string[][] = [];
  let wrong = 0;
  for (const misfit of loadMisfits()) {
    const args = [
      '--command',
      misfitCommand(misfit),
      '--url',
      misfit.url,
      '--scenarios',
      'churn',
      '--grace',
      '5s',
    ];
    const { report, exitCode, errors } = await runCli([...args, ...misfit.args]);
    const outcome = report?.verdict.outcome ?? 'no report';
    const right = exitCode !== 0 && (report === null || misfit.outcomes.includes(report.verdict.outcome));
    if (!right) wrong++;
    rows.push([misfit.name, misfit.outcomes.join(' or '), outcome, String(exitCode), right ? 'yes' : 'NO']);
    process.stderr.write(`misfit ${misfit.name}: ${outcome} ${errors.split('\n').at(-2) ?? ''}\n`);
  }
  const section: Section = {
    title: 'Targets that no run may pass',
    note: 'A run that could not measure must never end with exit code 0.',
    head: ['target', 'must be', 'was', 'exit code', 'right'],
    rows,
  };
  return { section, wrong };
}

function describe({
  name,
  side,
  probe,
  leakBytes,
  state,
  rateBytes,
  right,
  verdictSeconds,
  reason,
}: Trial): string {
  const what = `${name}${leakBytes === null ? '' : ` ${leakBytes} B`} ${side} (${probe})`;
  const rate = rateBytes === null ? '' : ` ${rateBytes.toFixed(1)} B`;
  return `${right ? ' ' : '!'} ${what}: ${state ?? 'not measured'}${rate}, ${verdictSeconds.toFixed(0)} s${right ? '' : `: ${reason}`}`;
}

function heading(
  trials: readonly Trial[],
  { runs, clean, power, grace, jobs, seed, protocol }: Settings,
): string {
  const command = `npm run accuracy -- --runs ${runs} --clean ${clean} --power ${power} --grace ${grace} --jobs ${jobs} --seed ${seed}${protocol === undefined ? '' : ` --protocol ${protocol}`}`;
  return [
    '# How often the verdict is right',
    '',
    `Made by \`${command}\` on ${new Date().toISOString().slice(0, 10)}: ${trials.length} runs, each on fresh processes, Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${jobs} runs at a time.`,
    `What looks like a leak was given ${grace} to be released; no server of the corpus holds anything longer than 10 s by design.`,
    '',
  ].join('\n');
}

function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed >>> 0;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return items
    .map((item) => ({ item, order: random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

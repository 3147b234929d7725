import Table from 'cli-table3';
import { median } from '../../harness/verdict/theil-sen.ts';
import { RIVALS } from './rivals.ts';
import { isPromised, type Trial } from './run-case.ts';

/** A table as rows of text: rendered for a terminal or for Markdown. */
export interface Section {
  title: string;
  note: string;
  head: string[];
  rows: string[][];
}

export function sections(trials: readonly Trial[]): Section[] {
  return [overview(trials), comparison(trials), power(trials), cases(trials)].filter(
    ({ rows }) => rows.length > 0,
  );
}

const leaky = (trials: readonly Trial[]) => trials.filter(({ side }) => side === 'leaky');
const clean = (trials: readonly Trial[]) => trials.filter(({ side }) => side === 'clean');

function overview(trials: readonly Trial[]): Section {
  const rows: string[][] = [];
  for (const probe of ['heap', 'none'] as const) {
    const ofProbe = trials.filter((trial) => trial.probe === probe);
    // What is below the threshold is not promised to be found: the power table shows it.
    const leaks = leaky(ofProbe).filter(isPromised);
    const cleans = clean(ofProbe);
    if (ofProbe.length === 0) continue;
    const found = leaks.filter(({ right }) => right).length;
    const alarms = cleans.filter(({ state, cleanupFailed }) => state === 'leak' || cleanupFailed).length;
    const undecided = cleans.filter(({ right, state }) => !right && state !== 'leak').length;
    const errors = leaks.flatMap(({ right, rateBytes, trueBytes }) =>
      right && rateBytes !== null && trueBytes !== null ? [Math.abs(rateBytes / trueBytes - 1)] : [],
    );
    rows.push([
      probe === 'heap' ? 'heap' : 'none (anonymous memory)',
      `${found} of ${leaks.length}`,
      `${alarms} of ${cleans.length}`,
      `${(100 * upperBound(alarms, cleans.length)).toFixed(1)} %`,
      String(undecided),
      errors.length === 0 ? '–' : `${percent(median(errors))} / ${percent(Math.max(...errors))}`,
      `${seconds(median(ofProbe.flatMap(({ pathSeconds }) => pathSeconds ?? [])))}`,
      leaks.length === 0 ? '–' : seconds(median(leaks.map(({ verdictSeconds }) => verdictSeconds))),
    ]);
  }
  return {
    title: 'How often it is right',
    note: 'Found: of leaks of 64 B a connection or more (1 KiB without a probe) and all other leaks of the corpus. The upper bound of the false-alarm rate is at 95 % (Clopper and Pearson). Undecided: clean servers that were called inconclusive or invalid. Error: of the rate against the measured truth. Time for a path: until the first process is decided; a leak is then confirmed on a fresh process and given time to be released.',
    head: [
      'probe',
      'leaks found',
      'false alarms',
      'bound',
      'undecided',
      'rate error, median / largest',
      'time for a path, median',
      'time with confirmation, median',
    ],
    rows,
  };
}

function comparison(trials: readonly Trial[]): Section {
  const judged = trials.filter(({ rivals }) => rivals !== null);
  const count = (list: readonly Trial[], says: (trial: Trial) => boolean | null) => {
    const known = list.filter((trial) => says(trial) !== null);
    return `${known.filter(says).length} of ${known.length}`;
  };
  const bytes = leaky(judged).filter(
    (trial) => trial.state !== null && !trial.cleanupFailed && isPromised(trial),
  );
  const row = (name: string, says: (trial: Trial) => boolean | null) => [
    name,
    count(bytes, says),
    count(clean(judged), says),
  ];
  return {
    title: 'Beside other ways of judging, on the same readings',
    note: 'Each judges the readings of the first process. Leaks of file descriptors are not in here.',
    head: ['method', 'called a leak, of leaks', 'called a leak, of clean servers'],
    rows: [
      row('hydrotest', ({ state }) => state === 'leak'),
      ...RIVALS.map((rival) => row(rival, ({ rivals }) => rivals?.[rival] ?? null)),
    ],
  };
}

function power(trials: readonly Trial[]): Section {
  const ofPower = leaky(trials).filter(({ leakBytes }) => leakBytes !== null);
  const sizes = [...new Set(ofPower.map(({ leakBytes }) => leakBytes as number))].sort((a, b) => a - b);
  const cell = (size: number, probe: Trial['probe']) => {
    const own = ofPower.filter((trial) => trial.leakBytes === size && trial.probe === probe);
    if (own.length === 0) return ['–', '–'];
    const rates = own.flatMap(({ rateBytes }) => rateBytes ?? []);
    const found = `${own.filter(({ state }) => state === 'leak').length} of ${own.length}`;
    return [found, rates.length === 0 ? '–' : `${median(rates).toFixed(0)} B`];
  };
  return {
    title: 'Power: leaks of known size',
    note: 'Bytes a connection that the server keeps, how often that was called a leak, and the median of the measured rate. The threshold is 48 B with the heap probe; 256 B without one, and 64 MB of growth.',
    head: ['kept', 'found, heap', 'rate, heap', 'found, no probe', 'rate, no probe'],
    rows: sizes.map((size) => [`${size} B`, ...cell(size, 'heap'), ...cell(size, 'none')]),
  };
}

function cases(trials: readonly Trial[]): Section {
  const groups = new Map<string, Trial[]>();
  for (const trial of trials.filter(({ leakBytes }) => leakBytes === null)) {
    const key = `${trial.name} ${trial.side} ${trial.probe} ${trial.pressure}`;
    groups.set(key, [...(groups.get(key) ?? []), trial]);
  }
  return {
    title: 'Case by case',
    note: 'Truth and rate in bytes a unit.',
    head: ['case', 'side', 'probe', 'right', 'states', 'truth', 'rate, median', 'seconds'],
    rows: [...groups.values()].map((own) => {
      const [first] = own as [Trial];
      const rates = own.flatMap(({ rateBytes }) => rateBytes ?? []);
      return [
        first.name,
        first.pressure ? `${first.side}, under load` : first.side,
        first.probe,
        `${own.filter(({ right }) => right).length} of ${own.length}`,
        tally(
          own.map(
            ({ state, cleanupFailed }) =>
              `${state ?? 'not measured'}${cleanupFailed ? ', cleanup fails' : ''}`,
          ),
        ),
        first.trueBytes === null ? '–' : first.trueBytes.toFixed(0),
        rates.length === 0 ? '–' : median(rates).toFixed(1),
        median(own.map(({ verdictSeconds }) => verdictSeconds)).toFixed(0),
      ];
    }),
  };
}

export function renderForTerminal(all: readonly Section[]): string {
  return all
    .map(({ title, note, head, rows }) => {
      const table = new Table({ head, style: { head: [], border: [] } });
      table.push(...rows);
      return `${title}\n${table.toString()}\n${note}\n`;
    })
    .join('\n');
}

export function renderForMarkdown(all: readonly Section[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return all
    .map(({ title, note, head, rows }) =>
      [`## ${title}`, '', note, '', line(head), line(head.map(() => '---')), ...rows.map(line), ''].join(
        '\n',
      ),
    )
    .join('\n');
}

/**
 * One-sided 95 % upper bound of a rate of which `count` of `n` were seen: C. J. Clopper and E. S. Pearson, "The use of confidence or
 * fiducial limits" (Biometrika 26, 1934). Found by halving, as the chance of so few falls with the rate.
 */
export function upperBound(count: number, n: number): number {
  if (n === 0 || count === n) return 1;
  let [low, high] = [0, 1];
  for (let step = 0; step < 60; step++) {
    const rate = (low + high) / 2;
    if (chanceOfAtMost(count, n, rate) > 0.05) low = rate;
    else high = rate;
  }
  return high;
}

function chanceOfAtMost(count: number, n: number, rate: number): number {
  let term = (1 - rate) ** n;
  let sum = term;
  for (let k = 1; k <= count; k++) {
    term *= ((n - k + 1) / k) * (rate / (1 - rate));
    sum += term;
  }
  return sum;
}

function tally(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} × ${word}`).join(', ');
}

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(1)} %`;
}

function seconds(value: number): string {
  return Number.isNaN(value) ? '–' : `${value.toFixed(1)} s`;
}

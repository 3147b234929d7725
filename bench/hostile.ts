/**
 * Each route of the hostile server against the raw client, the tab and the flood, each in a process of its own; the servers are in another.
 * Prints how each ended, the most memory that it held, and how far its resident memory grew. Exit code 1: one held more than the bound.
 *
 *     npm run hostile -- [ROUTE …] [--seconds 3] [--at-once 3] [--bound-mb 32] [--program]
 *
 * `--program`: the whole program instead, `hydrotest run --scenarios tabs`, on each route. Exit code 1: a run that passed though no
 * client could have, that neither ended by itself nor said what it found, that let controls or markup through to its output, its journal or a
 * report, or that took more memory than the bound beyond the median of the others.
 */
import { hostileRoutes } from '../harness/testing/hostile-server/routes.ts';
import { meetAll, type Row } from './hostile/meet.ts';
import { clientNames } from './hostile/messages.ts';
import { runProgram } from './hostile/program.ts';
import { markdownTable } from './markdown.ts';
import { command, OptionError, readOptions, wholeNumber } from './options.ts';

const MB = 1e6;

async function main(): Promise<number> {
  const { values, positionals } = readOptions({
    options: {
      seconds: { type: 'string', default: '3' },
      'at-once': { type: 'string', default: '3' },
      'bound-mb': { type: 'string', default: '32' },
      program: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const unknown = positionals.filter((name) => hostileRoutes[name] === undefined);
  if (unknown.length > 0) throw new OptionError(`there is no route ${unknown.join(', ')}`);
  const routes = positionals.length === 0 ? Object.keys(hostileRoutes) : positionals;
  const atOnce = wholeNumber('--at-once', values['at-once']);
  const boundBytes = wholeNumber('--bound-mb', values['bound-mb'], 0) * MB;
  if (values.program) return showProgram(routes, atOnce, boundBytes);
  const rows = await meetAll({
    routes,
    watchMs: wholeNumber('--seconds', values.seconds) * 1000,
    atOnce,
    onRow: ({ route, client, heldBytes }) =>
      process.stderr.write(`${route}, ${client}: ${megabytes(heldBytes)} MB\n`),
  });
  process.stdout.write(`${table(rows)}\n\n${summary(rows)}\n`);
  const beyond = rows.filter(({ heldBytes }) => heldBytes > boundBytes);
  for (const { route, client, heldBytes } of beyond)
    process.stdout.write(`beyond the bound: ${route}, ${client}: ${megabytes(heldBytes)} MB\n`);
  return beyond.length === 0 ? 0 : 1;
}

function table(rows: Row[]): string {
  return markdownTable(
    [
      { title: 'route', align: 'left' },
      { title: 'client', align: 'left' },
      { title: 'end', align: 'left' },
      { title: 'held, MB', align: 'right' },
      { title: 'resident, MB', align: 'right' },
    ],
    rows.map(({ route, client, line, heldBytes, grownBytes }) => [
      route,
      client,
      line,
      megabytes(heldBytes),
      megabytes(grownBytes),
    ]),
  );
}

/** Of each client: the most that it held and grew, and where it was. */
function summary(rows: Row[]): string {
  return markdownTable(
    [
      { title: 'client', align: 'left' },
      { title: 'routes', align: 'right' },
      { title: 'held, MB: median', align: 'right' },
      { title: 'most', align: 'right' },
      { title: 'with', align: 'left' },
      { title: 'resident, MB: most', align: 'right' },
    ],
    clientNames.map((client) => {
      const own = rows.filter((row) => row.client === client).sort((a, b) => a.heldBytes - b.heldBytes);
      const largest = own.at(-1);
      const median = own[Math.floor(own.length / 2)];
      return [
        client,
        String(own.length),
        megabytes(median?.heldBytes ?? 0),
        megabytes(largest?.heldBytes ?? 0),
        largest?.route ?? '',
        megabytes(Math.max(0, ...own.map(({ grownBytes }) => grownBytes))),
      ];
    }),
  );
}

function megabytes(bytes: number): string {
  return (bytes / MB).toFixed(1);
}

async function showProgram(routes: string[], atOnce: number, boundBytes: number): Promise<number> {
  const rows = await runProgram({
    routes,
    atOnce,
    onRow: ({ route, exit, finding, faults }) =>
      process.stderr.write(`${route}: ${exit}, ${finding}${faults.map((fault) => ` [${fault}]`).join('')}\n`),
  });
  process.stdout.write(
    `${markdownTable(
      [
        { title: 'route', align: 'left' },
        { title: 'exit code', align: 'right' },
        { title: 'peak memory, MB', align: 'right' },
        { title: 'first finding', align: 'left' },
      ],
      rows.map(({ route, exit, peakBytes, finding }) => [
        route,
        exit,
        peakBytes === null ? 'not measured' : megabytes(peakBytes),
        finding,
      ]),
    )}\n`,
  );
  // Beside each other, the runs are their own yardstick.
  const peaks = rows.flatMap(({ peakBytes }) => peakBytes ?? []).sort((a, b) => a - b);
  const median = peaks[Math.floor(peaks.length / 2)] ?? 0;
  process.stdout.write(`\nmedian of the peaks: ${megabytes(median)} MB\n`);
  const wrong = rows.map(({ route, faults, peakBytes }) => ({
    route,
    faults: (peakBytes ?? 0) > median + boundBytes ? [...faults, 'beyond the bound'] : faults,
  }));
  for (const { route, faults } of wrong)
    if (faults.length > 0) process.stdout.write(`not as it should be: ${route}: ${faults.join('; ')}\n`);
  return wrong.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

await command('hostile', main);

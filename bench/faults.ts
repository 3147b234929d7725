/**
 * Proves the harness on known defects: runs it against the good reference server, which has to pass everything, and
 * against each of its faults, which has to be caught by the check that the fault's documentation names.
 *
 *   npm run faults                     all faults, each with the scenario that must catch it
 *   npm run faults -- NAME …           only these
 *   npm run faults -- --protocol NAME  through sse (the usual one), websocket or sse-h2
 *   npm run faults -- --all-scenarios  every fault with every scenario (takes about 40 minutes)
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import type { Report } from '../harness/model.ts';
import { faults } from '../server/faults/index.ts';
import type { Protocol } from '../server/transport.ts';
import { REFERENCE_PROTOCOLS, type ReferenceProtocol, referenceArgs } from './reference-args.ts';

/** As the server calls them. */
const PROTOCOL_OF: Record<ReferenceProtocol, Protocol> = {
  sse: 'http1',
  websocket: 'websocket',
  'sse-h2': 'http2',
};

/** Of the server: so short that a peer that answers no ping is gone within the time for the clean-up. */
const HEARTBEAT = '--heartbeat 2';

const CLI = fileURLToPath(new URL('../harness/cli.ts', import.meta.url));
const OUT = resolve('reports/out');

interface Row {
  name: string;
  expected: string;
  found: string;
  /** Null: it has no meaning here. */
  caught: boolean | null;
  seconds: number;
}

const { values, positionals } = parseArgs({
  options: {
    'all-scenarios': { type: 'boolean', default: false },
    protocol: { type: 'string', default: 'sse' },
  },
  allowPositionals: true,
});
const unknown = positionals.filter((name) => !faults.some((fault) => fault.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `faults: there is no fault ${unknown.join(', ')}. There are ${faults.map(({ name }) => name).join(', ')}.\n`,
  );
  process.exit(2);
}
const protocol = REFERENCE_PROTOCOLS.find((one) => one === values.protocol);
if (protocol === undefined) {
  process.stderr.write(
    `faults: --protocol ${values.protocol} is not what the reference server speaks: ${REFERENCE_PROTOCOLS.join(', ')}.\n`,
  );
  process.exit(2);
}
const chosen = positionals.length === 0 ? faults : faults.filter(({ name }) => positionals.includes(name));

/** Clients vanish only where no one else is. */
const alone = protocol === 'websocket' ? ownNetwork() : [];

const rows: Row[] = [];
if (positionals.length === 0) {
  process.stderr.write('good server: all scenarios …\n');
  const { report, seconds } = await runCli(null, null);
  const bad = describeFindings(report);
  rows.push({
    name: '(none)',
    expected: 'everything passes',
    found: bad === '' ? 'everything passes' : bad,
    caught: report?.verdict.outcome === 'pass',
    seconds,
  });
}
for (const { name, caughtBy, only } of chosen) {
  const lack = lackOf(only);
  if (lack !== null) {
    rows.push({ name, expected: '–', found: lack, caught: null, seconds: 0 });
    continue;
  }
  process.stderr.write(`${name}: ${values['all-scenarios'] ? 'all scenarios' : caughtBy.scenario} …\n`);
  const { report, seconds } = await runCli(name, values['all-scenarios'] ? null : caughtBy.scenario);
  const caught = (report?.scenarios ?? [])
    .flatMap(({ findings }) => findings)
    .some(
      ({ scenario, check, outcome }) =>
        scenario === caughtBy.scenario && check === caughtBy.check && outcome === 'fail',
    );
  rows.push({
    name,
    expected: `${caughtBy.scenario} / ${caughtBy.check}`,
    found: describeFindings(report),
    caught,
    seconds,
  });
}
process.stdout.write(`${render(rows)}\n`);
const shown = rows.filter(({ caught }) => caught !== null);
const missed = shown.filter(({ caught }) => !caught);
process.stdout.write(`${shown.length - missed.length} of ${shown.length} as expected\n`);
process.exitCode = missed.length === 0 && shown.length > 0 ? 0 : 1;

/** Runs the command behind it in a network of its own; empty: this machine does not let us. */
function ownNetwork(): string[] {
  for (const rights of [['--net'], ['--user', '--map-root-user', '--net']]) {
    const command = ['unshare', ...rights, 'sh', '-c', 'ip link set lo up && exec "$0" "$@"'];
    const [program = '', ...args] = command;
    if (spawnSync(program, [...args, 'true']).status === 0) return command;
  }
  return [];
}

/** Why a fault cannot be shown through the protocol, on this machine; null: it can. */
function lackOf(only: Protocol | undefined): string | null {
  if (only === undefined) return null;
  if (only !== PROTOCOL_OF[protocol ?? 'sse']) return `has no meaning over ${protocol}`;
  if (only === 'websocket' && alone.length === 0)
    return 'clients can vanish only in a network of their own (unshare --net), which is not possible here';
  return null;
}

/** One run of the program, as a user would start it. */
async function runCli(
  fault: string | null,
  scenario: string | null,
): Promise<{ report: Report | null; seconds: number }> {
  // None of the faults gives anything back late.
  const options = [
    ...referenceArgs(fault, protocol, protocol === 'websocket' ? HEARTBEAT : ''),
    '--out',
    OUT,
    '--grace',
    '10s',
  ];
  if (scenario !== null) options.push('--scenarios', scenario);
  const began = performance.now();
  const [program = '', ...args] = [...alone, process.execPath, CLI, 'run', ...options];
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((done) => child.once('close', done));
  const folder = /^Reports: (.+)\/\{/m.exec(output)?.[1];
  const report =
    folder === undefined ? null : (JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report);
  return { report, seconds: (performance.now() - began) / 1000 };
}

function describeFindings(report: Report | null): string {
  if (report === null) return 'the run made no report';
  return report.scenarios
    .flatMap(({ findings }) => findings)
    .filter(({ outcome }) => outcome !== 'pass')
    .map(
      ({ scenario, check, subject, outcome }) =>
        `${outcome}: ${scenario} / ${check}${subject === '' ? '' : ` (${subject})`}`,
    )
    .join('\n');
}

function render(all: Row[]): string {
  const table = new Table({
    head: ['fault', 'must be caught by', 'what the run found', 'caught', 'seconds'],
    colAligns: ['left', 'left', 'left', 'left', 'right'],
    style: { head: [], border: [] },
  });
  for (const { name, expected, found, caught, seconds } of all) {
    table.push([name, expected, found, caught === null ? '–' : caught ? 'yes' : 'NO', seconds.toFixed(0)]);
  }
  return table.toString();
}

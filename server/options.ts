import { readFileSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { levels } from 'pino';
import { type Fault, faults } from './faults/index.ts';
import { defaultSettings, maxTimerMs, type ServerSettings, storeKinds } from './settings.ts';

export interface Options {
  port: number;
  host: string;
  logLevel: string;
  fault: Fault | null;
  listFaults: boolean;
  settings: ServerSettings;
}

const examples = `
Examples:
  $ npm run server                                   follow agents/<workflow>/events.jsonl on port 8080
  $ npm run server -- --port 0 --dir /var/lib/agents any free port; the first line of the log names it
  $ npm run server -- --limit 2 --max-duration 60    two streams a workflow, a minute each
  $ npm run server -- import                         agents/*/events.jsonl into agents/events.db (import --help)
  $ npm run server -- --store sqlite                 serve agents/events.db
  $ npm run server -- --retain 30                    archive what is older than 30 days (once: archive --help)
  $ npm run server -- --fault response-kept          with a deliberate defect
  $ curl -N http://127.0.0.1:8080/api/events/my-workflow/stream`;

const byteUnits: Record<string, number> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * Reads the command line. Throws CommanderError: after `--help` was printed with `exitCode` 0; for a wrong value
 * with 2 and a message of one line that names the option, the value and the remedy.
 */
export function parseOptions(argv: readonly string[]): Options {
  const program = new Command('server')
    .description(
      'A reference server for Server-Sent Events: streams <dir>/<workflow>/events.jsonl as it grows.',
    )
    .option('--port <number>', 'port to listen on, 0 for any free one', whole(0, 65_535), 8080)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--dir <folder>', 'folder that holds a folder for each workflow', defaultSettings.dir)
    .addOption(
      new Option('--store <kind>', 'where the events are: events.jsonl of each workflow, or <dir>/events.db')
        .choices(storeKinds)
        .default(defaultSettings.store),
    )
    .option('--limit <streams>', 'open streams a workflow', whole(1, 1e9), defaultSettings.limit)
    .addOption(timed('--max-duration <seconds>', 'how long a stream may last', defaultSettings.maxDurationMs))
    .option(
      '--recent <events>',
      'events that a new stream starts with',
      whole(0, 1e9),
      defaultSettings.recentEvents,
    )
    .addOption(timed('--heartbeat <seconds>', 'time between signs of life', defaultSettings.heartbeatMs))
    .addOption(
      new Option('--max-queue <bytes>', 'what may wait for a slow reader, such as 1048576 or 512KiB')
        .argParser(byteCount)
        .default(defaultSettings.maxQueueBytes),
    )
    .addOption(
      new Option('--max-queues <bytes>', 'what may wait for all slow readers together, such as 64MiB')
        .argParser(byteCount)
        .default(defaultSettings.maxQueuesBytes),
    )
    .option(
      '--retry <ms>',
      'how long clients wait before they reconnect',
      whole(0, maxTimerMs),
      defaultSettings.retryMs,
    )
    .addOption(
      timed(
        '--head-timeout <seconds>',
        'how long a client may take for a request',
        defaultSettings.headTimeoutMs,
      ),
    )
    .option('--retain <days>', 'archive older events, about every hour', amount('days', 0, 36_500))
    .option('--tls-cert <file>', 'certificate and its chain, as PEM: HTTPS, with HTTP/2', pem)
    .option('--tls-key <file>', 'its key, as PEM', pem)
    .option('--log-level <level>', `${Object.keys(levels.values).join(', ')} or silent`, logLevel, 'info')
    .option('--fault <name>', 'run with a deliberate defect', knownFault)
    .option('--list-faults', 'list the defects, what they break and which check must catch them')
    .addHelpText('after', examples)
    .configureOutput({ writeErr: () => {} }) // whoever catches the error prints it
    .exitOverride();
  try {
    program.parse(argv, { from: 'user' });
    const { tlsCert, tlsKey } = program.opts();
    if ((tlsCert === undefined) !== (tlsKey === undefined))
      program.error('error: --tls-cert and --tls-key belong together: give both of them, or none');
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new CommanderError(error.exitCode === 0 ? 0 : 2, error.code, error.message.replaceAll('\n', ' '));
  }
  const given = program.opts();
  return {
    port: given.port,
    host: given.host,
    logLevel: given.logLevel,
    fault: given.fault ?? null,
    listFaults: given.listFaults ?? false,
    settings: {
      ...defaultSettings,
      dir: given.dir,
      store: given.store,
      limit: given.limit,
      maxDurationMs: given.maxDuration,
      recentEvents: given.recent,
      heartbeatMs: given.heartbeat,
      maxQueueBytes: given.maxQueue,
      maxQueuesBytes: given.maxQueues,
      retryMs: given.retry,
      headTimeoutMs: given.headTimeout,
      retainDays: given.retain ?? null,
      tls: given.tlsCert === undefined ? null : { cert: given.tlsCert, key: given.tlsKey },
    },
  };
}

function whole(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Give a whole number from ${minimum} to ${maximum}.`);
  };
}

function timed(flags: string, description: string, defaultMs: number): Option {
  return new Option(flags, description).argParser(seconds).default(defaultMs, String(defaultMs / 1000));
}

/** A number that need not be whole. */
export function amount(unit: string, minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+(\.\d+)?$/.test(text) && value >= minimum && value <= maximum) return value;
    throw new InvalidArgumentError(`Give ${unit} from ${minimum} to ${maximum}, such as 30 or 0.5.`);
  };
}

/** Seconds on the command line, milliseconds inside. */
export function seconds(text: string): number {
  const ms = Number(text) * 1000;
  if (/^\d+(\.\d+)?$/.test(text) && ms >= 1 && ms <= maxTimerMs) return ms;
  throw new InvalidArgumentError(
    `Give seconds from 0.001 to ${Math.floor(maxTimerMs / 1000)}, such as 15 or 0.5.`,
  );
}

function byteCount(text: string): number {
  const [, digits, unit] = /^(\d+)(|KiB|MiB|GiB)$/.exec(text) ?? [];
  const value = Number(digits) * (byteUnits[unit ?? ''] ?? Number.NaN);
  if (value >= 1 && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('Give bytes such as 1048576, or with a unit such as 512KiB or 1MiB.');
}

/** The text of a file. Whether it is a certificate, and fits the key, is told when the server starts. */
function pem(file: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new InvalidArgumentError(`It cannot be read: ${(error as Error).message}.`);
  }
  if (/-----BEGIN [A-Z ]+-----/.test(text)) return text;
  throw new InvalidArgumentError('It is not PEM: it has no "-----BEGIN".');
}

function logLevel(text: string): string {
  if (text === 'silent' || text in levels.values) return text;
  throw new InvalidArgumentError(`Give one of ${Object.keys(levels.values).join(', ')}, silent.`);
}

function knownFault(text: string): Fault {
  const fault = faults.find(({ name }) => name === text);
  if (fault !== undefined) return fault;
  throw new InvalidArgumentError('--list-faults shows the names.');
}

import { Command, Option } from 'commander';
import type { CompareOptions } from './commands/compare.ts';
import { DEFAULTS, type UserConfig } from './config.ts';
import { HydrotestError } from './errors.ts';
import { LOAD_DEFAULTS } from './load-options.ts';
import { presets } from './presets.ts';
import { protocols } from './streams/protocols.ts';

export interface CliActions {
  run(options: UserConfig & { config?: string; ui?: boolean }): Promise<void>;
  list(): void;
  report(folder: string, options: { reporter?: string[] }): Promise<void>;
  serve(args: string[]): Promise<void>;
  compare(sides: string[], options: CompareOptions): Promise<void>;
  history(file: string, options: { out: string }): Promise<void>;
}

/** The command line: names and texts only. What they mean is decided in config.ts. */
export function createProgram(version: string, actions: CliActions): Command {
  const program = new Command('hydrotest')
    .description(
      'Point it at a streaming server: in a few minutes it says, with evidence, whether the server leaks, and whether its limit, its deadline and its cleanup hold.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          `hydrotest: ${text
            .replace(/^error: /, '')
            .replace(/[.\s]+$/, '')
            .replaceAll('\n', ' ')}. See hydrotest --help.\n`,
        ),
    })
    .addHelpText('after', PROGRAM_HELP);

  program
    .command('run', { isDefault: true })
    .description('start or attach to a server, test it, and write the reports (the default command)')
    .optionsGroup('The target (none of these: the reference server):')
    .option(
      '--command <command>',
      'shell command that starts it; {port} {dir} {limit} {deadline} are filled in',
    )
    .option('--cwd <folder>', 'folder in which it is started (default: this one)')
    .option('--pid <pid>', 'attach to a process that runs')
    .option('--port <port>', 'attach to the process that listens on this port')
    .option('--url <url>', 'stream URL; {port} and {key} are filled in')
    .option(
      '--key <template>',
      `what {key} becomes; {n} is a number, {uuid} a UUID (default: "${DEFAULTS.key}")`,
    )
    .option(
      '--header <name: value>',
      'request header, or @file for a file of them, which no list of processes shows; may be given several times',
      collect,
    )
    .option(
      '--page <url>',
      'page that shows a stream ({port}, {key}): watched while files grow, opened by --browser',
    )
    .option('--events-file <path>', 'file that the target follows ({dir}, {key}), so that events can be made')
    .option(
      '--events-url <url>',
      'URL that takes events instead ({port}, {key}), as a POST of newline-delimited JSON',
    )
    .option(
      '--ready-timeout <duration>',
      `how long it may take until its port answers (default: ${DEFAULTS.readyTimeout})`,
    )
    .addOption(new Option('--no-inspect', "do not open a Node target's inspector to read its heap"))
    .option(
      '--allow-remote',
      'let the URLs lead to other addresses than loopback, at 50 connections a second at the most (docs/safety.md)',
    )
    .option(
      '--open-inspector',
      'with --pid or --port: send SIGUSR1 to open it (without this no signal is sent to a server that hydrotest did not start)',
    )
    .optionsGroup('The protocol (none of these: Server-Sent Events over GET):')
    .option('--preset <name>', `a kind of server that is known: ${Object.keys(presets).join(', ')}`)
    .option('--protocol <name>', `${Object.keys(protocols).join(', ')} (see hydrotest list)`)
    .option('--body <text>', 'body of the request, or @file; {key} is filled in; makes it a POST')
    .option(
      '--send <message>',
      'what a client sends once its WebSocket is open; may be given several times',
      collect,
    )
    .option(
      '--reply <message=reply>',
      'what a WebSocket client answers to a message, such as 2=3; may be given several times',
      collect,
    )
    .option(
      '--event <rule>',
      'which messages are events: event:NAME, data:TEXT or PATH=VALUE, such as type=update (default: all)',
    )
    .option(
      '--end-event <rule>',
      'which event says that the server ends the stream, such as data:[DONE], or none (default for SSE: event:close)',
    )
    .option('--event-id <path>', 'property of a message that is its id, such as id')
    .option(
      '--refusal <list>',
      'how it refuses when its limit is met: 429, close:4429, error:-32000 (default: 429)',
    )
    .optionsGroup('What it promises:')
    .option('--limit <n>', 'streams that it allows a key, or none')
    .option('--deadline <duration>', 'after how long it closes a stream, or none')
    .option('--budget <size>', `ceiling for its memory (default: ${DEFAULTS.budget})`)
    .optionsGroup('The run:')
    .option(
      '--scenarios <names>',
      'which ones, separated by commas (default: all that fit; see hydrotest list)',
    )
    .option(
      '--paths <names>',
      'lifecycle paths to measure, such as abrupt-drop,idle (default: all; see hydrotest list)',
    )
    .option(
      '--grace <duration>',
      `how long a suspected leak may take to be released after all (default: ${DEFAULTS.grace})`,
    )
    .option(
      '--traffic <rate>',
      'traffic at which leak rates are turned into time, such as 50/s (default: 1/s and 50/s)',
    )
    .option(
      '--duration <duration>',
      `how long the scenarios tabs and hold hold their streams (default: ${DEFAULTS.duration}; hold with no load asked for: 5s)`,
    )
    .option('--browser [path]', 'open the tabs of the scenario tabs in a real Chromium')
    .option('--rows <selector>', 'CSS selector of what the page adds for each event (default: anything)')
    .option('--out <folder>', `where the reports go (default: ${DEFAULTS.out})`)
    .option('--reporter <name[=path]>', REPORTER_TEXT, collect)
    .option('--ui', 'show the report in a browser while the run goes on; the address is printed')
    .option('--history <file>', 'appends the figures of the run, one line of JSON, for hydrotest history')
    .option('--seed <n>', 'repeats the random choices of an earlier run')
    .option('--config <file>', 'configuration (default: hydrotest.config.ts in this folder, if there is one)')
    .optionsGroup('The load of the scenario hold:')
    .option('--streams <n>', `streams that are held (default: ${LOAD_DEFAULTS.streams})`)
    .option(
      '--rate <rate>',
      'streams that arrive instead, such as 200/s, whatever becomes of those before them',
    )
    .option(
      '--stages <list>',
      'in stages of duration:target, such as 30s:5000,1m:5000,0s:8000 (or 30s:200/s): ramps, plateaus and steps',
    )
    .option(
      '--mix <list>',
      `what the clients are, with weights (default: ${LOAD_DEFAULTS.mix}; see hydrotest list)`,
    )
    .option(
      '--lifetime <duration>',
      `mean time after which a client leaves and is replaced, or none (default: ${LOAD_DEFAULTS.lifetime})`,
    )
    .option('--workers <n>', 'processes that make it (default: one for 19,000 streams)')
    .option(
      '--event-time <property>',
      "property of an event's JSON with the time at which it was made, for its latency (hydrotest's own events have one)",
    )
    .addHelpText('after', RUN_HELP)
    .allowExcessArguments()
    .action((options, { args }: Command) => {
      const [unknown] = args;
      // commander's `--no-…` is true unless given; a configuration file that says false must stand.
      const { inspect, ...rest } = options;
      if (unknown === undefined) return actions.run(inspect === false ? options : rest);
      throw new HydrotestError('usage', `there is no command "${unknown}". See hydrotest --help.`);
    });

  program
    .command('list')
    .description('list the scenarios, what each proves, and the behaviours of clients, protocols and presets')
    .action(actions.list);

  program
    .command('report')
    .description('make all reports of a run again from its journal')
    .argument('<run>', 'folder of the run, such as reports/out/<run>')
    .option('--reporter <name[=path]>', REPORTER_TEXT, collect)
    .action((folder: string, options: { reporter?: string[] }) => actions.report(folder, options));

  const compare = program
    .command('compare')
    .description('say what is worse, the same or better in a run than in a baseline')
    .argument(
      '[sides...]',
      'folders of the baseline and of the run, or folders that hold several runs of each',
    )
    .optionsGroup('The comparison:')
    .option('--fail-on <what>', 'worse, cannot-tell or never: what makes the exit code 1 or 3', 'worse')
    .option('--allow-unlike', 'compare runs of different machines or configurations all the same')
    .option('--baseline <what>', 'measure both now, in turns: a git ref, or a command in place of --command')
    .option('--rounds <n>', 'runs a side, with --baseline (default: 2, in the order A B B A)')
    .option('--setup <command>', 'is run first where a git ref was checked out, such as "npm ci"')
    .option(
      '--out <folder>',
      'where compare.json and compare.md go (default: reports/out/compare); with --baseline, a new folder below it has them and the runs (default: reports/out)',
    )
    .action((sides: string[], { inspect, ...options }: CompareOptions) =>
      actions.compare(sides, inspect === false ? { ...options, inspect } : options),
    );
  // What is measured is told by the same options; what becomes of one run's report is not, and both servers are started.
  const notForTwo = ['--reporter', '--ui', '--history', '--pid', '--port'];
  const own = new Set([...compare.options.map(({ long }) => long), ...notForTwo]);
  const ofRun = program.commands.find((command) => command.name() === 'run')?.options ?? [];
  for (const option of ofRun) if (!own.has(option.long)) compare.addOption(option);

  program
    .command('history')
    .description('make a page that shows how each figure went over the runs of a history')
    .argument('<file>', 'made with hydrotest run --history <file>')
    .option('--out <file>', 'the page', 'trend.html')
    .action((file: string, options: { out: string }) => actions.history(file, options));

  program
    .command('serve')
    .description('start the reference server (hydrotest serve --help lists its options)')
    .argument('[options...]')
    .helpOption(false)
    .allowUnknownOption()
    .action((args: string[]) => actions.serve(args));

  return program;
}

function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

const REPORTER_TEXT =
  'terminal, json, junit, markdown, html or a module of your own (./mine.ts); with a path, or - for stdout, where it is to go elsewhere than into the folder of the run; may be given several times (default: all)';

const PROGRAM_HELP = `
Examples:
  hydrotest                                     test the reference server
  hydrotest --command "node server.js" --url "http://127.0.0.1:{port}/events"
  hydrotest run --help                          all options
  hydrotest run --ui                            watch the report in a browser while the run goes on
  hydrotest report reports/out/<run>            make the reports of a run again
  hydrotest compare <baseline> <run>            say what got worse

Exit codes:
  0 pass · 1 fail · 2 wrong usage · 3 inconclusive or invalid · 4 fault in hydrotest itself`;

const RUN_HELP = `
Examples:
  A server that reads its port from PORT, with no promises about limit or deadline:
    hydrotest --command "node server.js" --url "http://127.0.0.1:{port}/events"
  A WebSocket that greets, and says by a close code that it is full:
    hydrotest --command "node server.js" --url "ws://127.0.0.1:{port}/live" --protocol websocket --limit 5 --refusal close:4429
  Streamed chat completions; an MCP server; GraphQL subscriptions over SSE:
    hydrotest --port 8000 --url http://127.0.0.1:8000/v1/chat/completions --preset llm-chat
    hydrotest --command "node mcp.js" --url "http://127.0.0.1:{port}/mcp" --preset mcp
  One that runs already, in any language:
    hydrotest --port 8000 --url "http://127.0.0.1:8000/stream/{key}" --limit 5 --deadline 1h
  The checklist's hour with 10 tabs:
    hydrotest --scenarios tabs --duration 1h
  Only the leak check, repeated exactly:
    hydrotest --scenarios churn --seed 42
  One lifecycle path, and what its rate means at 50 connections a second:
    hydrotest --paths abrupt-drop --traffic 50/s
  Reports where a CI job looks for them; the verdict is printed in any case:
    hydrotest --reporter terminal --reporter junit=build/junit.xml --reporter ./my-reporter.ts=build/leaks.txt
  10 tabs in a real Chromium:
    hydrotest --scenarios tabs --browser
  5,000 streams held for 10 minutes, each for 30 s on average; then a spike of arrivals:
    hydrotest --scenarios hold --streams 5000 --duration 10m --lifetime 30s
    hydrotest --scenarios hold --stages 30s:50/s,5s:400/s,10s:400/s,5s:50/s,30s:50/s

The same options can stand in hydrotest.config.ts:
  import { defineConfig } from 'hydrotest';
  export default defineConfig({ command: 'npm start', url: 'http://127.0.0.1:{port}/events', limit: 5 });`;

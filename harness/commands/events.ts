import type { Command } from 'commander';
import { defaultServerUrl } from '../events/server-url.ts';
import { wholeNumber } from '../option-values.ts';
import { eventsFollowCommand } from './events-follow.ts';
import { eventsStatusCommand } from './events-status.ts';

const urlFlags = '--url <url>';
const urlText = 'where the server is';
const mostRecent = 1_000_000;

const examples = `
Examples:
  hydrotest events status
  hydrotest events follow my-workflow --last 20
  hydrotest events follow my-workflow --json | jq .type`;

/** `hydrotest events …`: a look at a reference server that runs, from a terminal. */
export function addEventsCommands(program: Command): void {
  const events = program
    .command('events')
    .description('look at a reference server that runs: its streams, and the events of a workflow')
    .addHelpText('after', examples);

  events
    .command('follow')
    .description('print the events of a workflow as they come, until Ctrl-C')
    .argument('<workflow>')
    .option(urlFlags, urlText, defaultServerUrl)
    .option(
      '--last <n>',
      'begin with so many of the most recent events (default: as many as the server gives)',
    )
    .option('--json', 'print the JSON of each event on a line, and nothing else')
    .action((workflow: string, { last, ...options }: { url: string; last?: string; json?: true }) =>
      eventsFollowCommand(workflow, {
        ...options,
        last: last === undefined ? null : wholeNumber('--last', last, 0, mostRecent),
      }),
    );

  events
    .command('status')
    .description('print how the server is and what its workflows have')
    .option(urlFlags, urlText, defaultServerUrl)
    .action((options: { url: string }) => eventsStatusCommand(options));
}

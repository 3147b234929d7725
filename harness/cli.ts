#!/usr/bin/env node
import { CommanderError } from 'commander';
import { cleanText } from '../reports/text.ts';
import { createProgram } from './cli-options.ts';
import { compareCommand } from './commands/compare.ts';
import { addEventsCommands } from './commands/events.ts';
import { historyCommand } from './commands/history.ts';
import { listCommand } from './commands/list.ts';
import { reportCommand } from './commands/report.ts';
import { runCommand } from './commands/run.ts';
import { serveCommand } from './commands/serve.ts';
import { HydrotestError } from './errors.ts';
import { EXIT_INTERNAL, EXIT_NOT_MEASURED, EXIT_USAGE } from './exit-codes.ts';
import { redact, redactKnown } from './redact.ts';
import { version } from './version.ts';

/** Built-ins that the program needs are missing below this. The same figure stands in package.json's engines. */
const MIN_NODE = [22, 12] as const;

function isNodeTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1]);
}

async function main(argv: string[]): Promise<void> {
  if (isNodeTooOld()) {
    process.stderr.write(
      `hydrotest: Node ${process.versions.node} is too old: it needs ${MIN_NODE.join('.')} or newer.\n`,
    );
    process.exitCode = EXIT_USAGE;
    return;
  }
  const program = createProgram(version(), {
    run: runCommand,
    list: listCommand,
    report: reportCommand,
    serve: serveCommand,
    compare: compareCommand,
    history: historyCommand,
  });
  addEventsCommands(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode = explain(error);
  }
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof HydrotestError) {
    // It can quote a target's output, which may hold anything that a terminal obeys.
    process.stderr.write(`hydrotest: ${cleanText(error.message)}\n`);
    if (error.code === 'usage') return EXIT_USAGE;
    return error.code === 'internal' ? EXIT_INTERNAL : EXIT_NOT_MEASURED;
  }
  process.stderr.write(
    `hydrotest: a fault in hydrotest itself: ${cleanText(redact(String(error instanceof Error ? error.stack : error)))}\n`,
  );
  return EXIT_INTERNAL;
}

// Node would exit with 1, which says that the target failed.
process.on('uncaughtException', (error) => {
  process.exit(explain(error));
});
// Whoever reads the output may stop reading: `hydrotest report <run> | head`, `hydrotest 2>&1 | head`, a terminal that is closed (EIO).
// That, and a disk that is full behind `> file` (ENOSPC), takes nothing from the verdict, nor from its exit code.
const READER_GONE = ['EPIPE', 'EIO'];
for (const stream of [process.stdout, process.stderr]) {
  let isTold = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (READER_GONE.includes(error.code ?? '') || isTold) return;
    isTold = true;
    if (stream === process.stdout)
      process.stderr.write(
        `hydrotest: the output cannot be written: ${error.message}. The exit code is that of the verdict all the same.\n`,
      );
  });
  hideSecretsIn(stream);
}

/** The last gate: whatever is printed, by reports and by whoever comes later, has none of the secrets that this process knows. */
function hideSecretsIn(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (...words: unknown[]) => boolean;
  stream.write = (text: unknown, ...rest: unknown[]) =>
    write(typeof text === 'string' ? redactKnown(text) : text, ...rest);
}

await main(process.argv);

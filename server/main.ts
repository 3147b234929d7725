import { CommanderError } from 'commander';
import { pino, stdTimeFunctions } from 'pino';
import { archiveCommand } from './archive-command.ts';
import { createServer, type SseServer } from './create-server.ts';
import { importCommand } from './event-store/import-command.ts';
import { SqliteStoreError } from './event-store/sqlite/sqlite-store-error.ts';
import { describeFaults } from './faults/index.ts';
import { openLogOutput } from './log-output.ts';
import { type Options, parseOptions } from './options.ts';
import { createParts, type ServerParts } from './parts.ts';
import { keepYoungGenerationSmall } from './young-generation.ts';

/** The process is gone so soon after a signal, whatever still holds it. The promise is 2 s. */
const exitAfterMs = 1_700;

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) process.stderr.write(`${error.message}\n`);
    process.exit(error.exitCode);
  }
}

async function serve({ port, host, logLevel, fault, settings }: Options): Promise<void> {
  process.stderr.on('error', () => {}); // a disk that is full for the log is often so for this, too
  const output = openLogOutput(1, {
    onTrouble: ({ message }) =>
      process.stderr.write(`error: cannot write the log: ${message}; lines will be missing in it\n`),
    onRecovery: (lostLines) => logger.warn({ lostLines }, 'the log could not be written for a while'),
  });
  const logger = pino(
    {
      level: logLevel,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    output,
  );
  const parts = partsOrExit(settings, logger);
  const server = makeServer(fault?.apply(parts) ?? parts);

  const url = await server.listen(port, host).catch((error: NodeJS.ErrnoException) => {
    process.stderr.write(`error: cannot listen on ${host}:${port}: ${listenRemedy(error)}\n`);
    process.exit(1);
  });
  logger.info({ url, dir: settings.dir, ...(fault && { fault: fault.name }) }, 'listening');

  // Once each: a second signal of the same kind ends the process at once, as by default.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, async () => {
      setTimeout(() => {
        logger.error('something still holds the process: it exits all the same');
        // An exit in the usual way waits for the reader of the log.
        if (output.isStuck) process.kill(process.pid, 'SIGKILL');
        process.exit(1);
      }, exitAfterMs).unref();
      logger.info({ signal }, 'shutting down');
      await server.close();
      logger.info('stopped');
    });
  }
}

function partsOrExit(...options: Parameters<typeof createParts>): ServerParts {
  try {
    return createParts(...options);
  } catch (error) {
    if (!(error instanceof SqliteStoreError)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    process.exit(1);
  }
}

function makeServer(parts: ServerParts): SseServer {
  try {
    return createServer(parts);
  } catch (error) {
    if (parts.settings.tls === null) throw error;
    // OpenSSL says what it is: a key that does not fit, or PEM of something else.
    process.stderr.write(`error: cannot use --tls-cert with --tls-key: ${(error as Error).message}\n`);
    process.exit(2);
  }
}

function listenRemedy(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another program has this port; choose another one with --port, or 0 for any free one';
    case 'EACCES':
      return 'this port needs more rights; choose one above 1023 with --port';
    default:
      return `${error.message}; check --host and --port`;
  }
}

const [command, ...args] = process.argv.slice(2);
if (command === 'import') process.exitCode = await importCommand(args);
else if (command === 'archive') process.exitCode = await archiveCommand(args);
else {
  const options = readOptions();
  if (options.listFaults) process.stdout.write(describeFaults());
  else {
    keepYoungGenerationSmall();
    await serve(options);
  }
}

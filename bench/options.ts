import { type ParseArgsConfig, parseArgs } from 'node:util';

/** Options on the command line that are wrong or not known. The message says which, and what to write instead. */
export class OptionError extends Error {
  override name = 'OptionError';
}

/** Node's `parseArgs`, whose errors become an OptionError of one line. */
export function readOptions<Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
  } catch (cause) {
    throw new OptionError((cause as Error).message.split('\n')[0], { cause });
  }
}

/** Runs a command; a wrong option ends it with one line and exit code 2. */
export async function command(name: string, run: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(
      `${name}: ${error.message}. What there is stands at the head of bench/${name}.ts.\n`,
    );
    process.exitCode = 2;
  }
}

/** What a shell reports for a program that SIGINT ended. */
export const EXIT_INTERRUPTED = 130;

/** A signal ends this process by `process.exit`, at which whoever started processes ends them. */
export function exitOnSignals(): void {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(name, () => process.exit(EXIT_INTERRUPTED));
}

/** @throws OptionError unless the text is a whole number of at least `least`. */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new OptionError(`${option} ${text}: write a whole number of at least ${least}`);
}

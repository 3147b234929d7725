import { AssertionError } from 'node:assert';
import { renderProblems } from '../reports/index.ts';
import { cleanText } from '../reports/text.ts';
import { scenarios } from '../scenarios/index.ts';
import type { UserConfig } from './config.ts';
import type { LoadOptions } from './load-options.ts';
import type { Report } from './model.ts';
import { listOf, usage } from './option-values.ts';
import { type RunControls, runScenarios } from './run-scenarios.ts';

/** The server under test: the command that starts it, or the pid or port of one that runs, and the URL of its streams. */
export type TestTarget = Pick<
  UserConfig,
  | 'command'
  | 'pid'
  | 'port'
  | 'url'
  | 'key'
  | 'header'
  | 'page'
  | 'eventsFile'
  | 'eventsUrl'
  | 'limit'
  | 'deadline'
  | 'readyTimeout'
  | 'inspect'
>;

type Common = Pick<UserConfig, 'budget' | 'seed' | 'out' | 'reporter'> & RunControls;

/** The load, and how long it is held. */
export type HoldOptions = Common & LoadOptions & Pick<UserConfig, 'duration' | 'eventTime'>;

/** Which lifecycle paths are measured (default: all of `churn`), and how long a suspected leak may take to be released. */
export type ReleaseOptions = Common & Pick<UserConfig, 'paths' | 'grace' | 'traffic'>;

/**
 * Holds streams as the scenario `hold` does: all get in, none is lost, no event is missing, and everything is given back.
 *
 * @throws HydrotestError as `runScenarios`.
 */
export async function holdStreams(target: TestTarget, options: HoldOptions = {}): Promise<Report> {
  const { signal, onStatus, ...load } = options;
  return runScenarios({ ...checked(target), ...load, scenarios: ['hold'] }, controlsOf({ signal, onStatus }));
}

/**
 * Looks for whatever a server keeps of connections that have ended: memory (`churn`), file descriptors, sockets and
 * processes (`orphans`), and, where the target has a limit, slots (`limit`).
 *
 * @throws HydrotestError as `runScenarios`.
 */
export async function releaseEverything(target: TestTarget, options: ReleaseOptions = {}): Promise<Report> {
  const { signal, onStatus, ...rest } = options;
  const config = { ...checked(target), ...rest, scenarios: releaseScenarios(target, options) };
  return runScenarios(config, controlsOf({ signal, onStatus }));
}

/** The names of the scenarios that `releaseEverything` runs. */
export function releaseScenarios({ limit }: TestTarget, options: Pick<ReleaseOptions, 'paths'>): string[] {
  const paths = listOf(options.paths).map((path) => path.replaceAll('-', ' '));
  const measuring = scenarios.filter((one) => one.paths.some((path) => paths.includes(path)));
  // A path that does not exist is explained by the run.
  const names = measuring.length === 0 ? ['churn'] : measuring.map(({ name }) => name);
  return [...names, 'orphans', ...(limit === undefined || limit === 'none' ? [] : ['limit'])];
}

/** Without a target the reference server would be tested, and pass. */
function checked(target: TestTarget): TestTarget {
  if (target?.command === undefined && target?.pid === undefined && target?.port === undefined) {
    throw usage(
      "the target says neither how it is started nor where it runs: give { command: 'node server.js', url: 'http://127.0.0.1:{port}/events' }, or pid or port in place of command.",
    );
  }
  return target;
}

function controlsOf({ signal, onStatus }: { [Name in keyof RunControls]: RunControls[Name] | undefined }) {
  return { ...(signal && { signal }), ...(onStatus && { onStatus }) } satisfies RunControls;
}

/** Whether everything was measured and holds: what is inconclusive, invalid or cut short does not pass. */
export function passes({ verdict, complete }: Report): boolean {
  return verdict.outcome === 'pass' && complete;
}

/** The verdict, the evidence of everything that did not pass, and the command that repeats the run, as plain text. */
export function explain(report: Report): string {
  return `${renderProblems(report)}\n\nRepeat this run:\n  ${cleanText(report.repeatCommand)}\n`;
}

/**
 * For any test runner: does nothing if the run passed.
 *
 * @throws AssertionError with the evidence if it did not, also where something could not be measured.
 */
export function assertPasses(report: Report): void {
  if (passes(report)) return;
  throw new AssertionError({
    message: explain(report),
    actual: report.verdict.outcome,
    expected: 'pass',
    operator: 'assertPasses',
    stackStartFn: assertPasses,
  });
}

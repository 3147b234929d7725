import { EXIT_CODES } from '../../harness/exit-codes.ts';
import type { Finding, Report } from '../../harness/model.ts';
import type { ChaosCase } from './plan.ts';
import { type Consequence, REPORT_TOLD, rightEndings } from './right-endings.ts';
import type { Observation } from './run-case.ts';

/** What the program promises whatever happens to it. */
export type PromiseName =
  | 'report or clear error'
  | 'exit code fits'
  | 'no orphans'
  | 'no leftovers'
  | 'no hang'
  | 'server left alone'
  | 'journal readable'
  | 'marked incomplete';

export interface Broken {
  promise: PromiseName;
  what: string;
}

export interface Judgement {
  /** A report was made: by the run, or afterwards from its journal. */
  reported: boolean;
  /** One sentence and no stack trace said what went wrong. */
  explained: boolean;
  broken: Broken[];
}

/** Judges what was seen of a case. Pure. */
export function judgeCase(chaosCase: Pick<ChaosCase, 'fault'>, seen: Observation): Judgement {
  const broken: Broken[] = [];
  const say = (promise: PromiseName, what: string) => broken.push({ promise, what });

  if (seen.hang !== null) say('no hang', seen.hang);
  for (const orphan of seen.orphans) say('no orphans', orphan);
  for (const left of seen.leftovers) say('no leftovers', left);
  for (const done of seen.harm) say('server left alone', done);

  const reported = seen.report !== null || (seen.again?.report ?? null) !== null;
  const errors = [seen.stderr, seen.again?.stderr ?? ''].join('\n');
  const explained = errors.split('\n').some(isClearError);
  // Killed before there was anything to report.
  const neverBegan = typeof seen.ending === 'string' && !seen.after.begun;
  if (!reported && !explained && !neverBegan && seen.hang === null)
    say('report or clear error', `neither; stderr: ${seen.stderr.trim().slice(-300)}`);
  for (const text of [seen.stderr, seen.again?.stderr ?? '']) {
    const trace = traceIn(text);
    if (trace !== null) say('report or clear error', `a fault is shown as to a programmer: ${trace}`);
  }
  if (lacksReports(chaosCase, seen))
    say('report or clear error', 'there is no report.json, and nobody says why');
  for (const name of seen.tornReports) say('report or clear error', `${name} is there, and not whole`);

  if (seen.hang === null) for (const what of wrongEnding(chaosCase, seen)) say('exit code fits', what);

  const { journal } = seen;
  if (journal.state === 'unreadable') say('journal readable', journal.why);
  if (
    journal.state === 'readable' &&
    chaosCase.fault !== null &&
    seen.hang === null &&
    seen.again?.report == null
  )
    say('journal readable', `no report could be made from it: ${seen.again?.stderr.trim()}`);

  const cutShort = journal.state === 'readable' && !journal.ended;
  for (const [which, report] of [
    ['report', seen.report],
    ['report made again', seen.again?.report ?? null],
  ] as const) {
    if (report === null || !cutShort) continue;
    if (report.complete)
      say('marked incomplete', `the ${which} of a run that was cut short says that it is complete`);
    if (report.verdict.outcome === 'pass')
      say('marked incomplete', `the ${which} of a run that was cut short passes`);
  }
  return { reported, explained, broken };
}

/** Who ends by itself after a journal was begun makes its reports, or says of each that it could not be made. A second Ctrl-C does not wait for them. */
function lacksReports({ fault }: Pick<ChaosCase, 'fault'>, seen: Observation): boolean {
  const inHaste = typeof fault?.takes === 'object' && fault.takes.twice;
  const isOver = typeof seen.ending === 'number' && seen.after.begun && seen.hasFolder;
  return isOver && !inHaste && seen.report === null && !REPORT_TOLD.test(seen.stderr);
}

/** All that the report leaves open is whether hydrotest kept up with its own load: the machine was too busy, whatever was done to the run. */
function isTooBusy(report: Report | null): boolean {
  const open = (report?.scenarios ?? [])
    .flatMap(({ findings }) => findings)
    .filter(({ outcome }) => outcome !== 'pass');
  return (
    report?.verdict.outcome === 'inconclusive' &&
    open.every(({ check, outcome }) => check === 'generator-health' && outcome === 'inconclusive')
  );
}

function wrongEnding({ fault }: Pick<ChaosCase, 'fault'>, seen: Observation): string[] {
  const { ending, report, again, atStrike, after, stderr } = seen;
  const wrong: string[] = [];
  const { endings, because } = rightEndings(fault?.takes ?? null, { atStrike, after, stderr });
  const fits = ending !== null && endings.includes(ending);
  if (!fits && !(ending === EXIT_CODES.inconclusive && isTooBusy(report)))
    wrong.push(
      `it ended with ${ending}, and ${endings.length === 0 ? 'nothing' : endings.join(' or ')} would be right: ${because}; it was struck at: ${seen.struckAt?.slice(0, 200)}`,
    );
  if (ending === 0 && !(after.ended && after.measured))
    wrong.push('it ended with 0, and its journal does not show that all was measured');
  if (ending === 0 && seen.hasFolder && (report === null || !report.complete))
    wrong.push('it ended with 0, and its report is missing or not complete');
  if (
    report !== null &&
    (ending === 0 || ending === 1 || ending === 3) &&
    EXIT_CODES[report.verdict.outcome] !== ending
  )
    wrong.push(`it ended with ${ending}, and its report says ${report.verdict.outcome}`);
  const failed = [report, again?.report ?? null].filter((one) => one?.verdict.outcome === 'fail');
  if (ending === 1 && !failed.some((one) => one?.scenarios.some(({ findings }) => findings.some(isFailure))))
    wrong.push('it ended with 1, and no report has a finding that failed');
  if (failed.length > 0 && !mayBlame(fault?.takes ?? null))
    wrong.push(`the server is blamed for what was done to others: ${failed[0]?.verdict.reason}`);
  if (ending === 4 && again !== null && again.report?.verdict.outcome !== 'pass')
    wrong.push(`it ended with 4, and its journal says ${again.report?.verdict.outcome}`);
  if (again?.report != null && again.ending !== EXIT_CODES[again.report.verdict.outcome])
    wrong.push(
      `the report that was made again says ${again.report.verdict.outcome} and ended with ${again.ending}`,
    );
  return wrong;
}

function isFailure({ outcome }: Finding): boolean {
  return outcome === 'fail';
}

/** The servers of all cases are good ones: they fail only by what is done to themselves. */
function mayBlame(takes: Consequence | null): boolean {
  return takes === 'target';
}

/** The words by which messages say what to do. */
const REMEDY =
  /\b(free|give|choose|check|run|start|stop|end|look|see|make|put|write|name|try|attach|use|hydrotest report)\b/i;

function isClearError(line: string): boolean {
  return line.startsWith('hydrotest: ') && REMEDY.test(line.slice('hydrotest: '.length));
}

const TRACES = [
  /^\s+at .+:\d+:\d+\)?$/m,
  /^node:internal.*$/m,
  /^.*a fault in hydrotest itself.*$/m,
  /^Node\.js v\d.*$/m,
  /^.*\binternal\b.*$/m,
];

/** The first sign of a fault that nobody explained; null: none. */
function traceIn(text: string): string | null {
  for (const pattern of TRACES) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) return found.trim().slice(0, 300);
  }
  return null;
}

import { EXIT_CODES } from '../../harness/exit-codes.ts';
import { CLEAN_ENDINGS, type Ending } from './fault.ts';
import type { ChaosCase } from './plan.ts';
import type { Observation } from './run-case.ts';

/** What the program promises whatever happens to it. */
export type PromiseName =
  | 'report or clear error'
  | 'exit code fits'
  | 'no orphans'
  | 'no leftovers'
  | 'no hang'
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

  const reported = seen.report !== null || (seen.again?.report ?? null) !== null;
  const errors = [seen.stderr, seen.again?.stderr ?? ''].join('\n');
  const explained = errors.split('\n').some(isClearError);
  // Killed before there was anything to report.
  const neverBegan =
    typeof seen.ending === 'string' && seen.journal.state === 'none' && !takesJournal(chaosCase);
  if (!reported && !explained && !neverBegan && seen.hang === null)
    say('report or clear error', `neither; stderr: ${seen.stderr.trim().slice(-300)}`);
  for (const text of [seen.stderr, seen.again?.stderr ?? '']) {
    const trace = traceIn(text);
    if (trace !== null) say('report or clear error', `a fault is shown as to a programmer: ${trace}`);
  }
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

function takesJournal({ fault }: Pick<ChaosCase, 'fault'>): boolean {
  return fault?.takesJournal ?? false;
}

function wrongEnding({ fault }: Pick<ChaosCase, 'fault'>, seen: Observation): string[] {
  const { ending, report } = seen;
  const wrong: string[] = [];
  const allowed = allowedEndings(fault, seen);
  if (ending === null || !allowed.includes(ending))
    wrong.push(
      `it ended with ${ending}, and ${allowed.join(' or ')} would fit; it was struck at: ${seen.struckAt?.slice(0, 200)}`,
    );
  if (ending === 0 && (report === null || !report.complete || report.verdict.outcome !== 'pass'))
    wrong.push('it ended with 0, and its report is missing, not complete or no pass');
  if (ending === 1 && report !== null && report.verdict.outcome !== 'fail')
    wrong.push(`it ended with 1, and its report says ${report.verdict.outcome}`);
  const { again } = seen;
  if (again?.report != null && again.ending !== EXIT_CODES[again.report.verdict.outcome])
    wrong.push(
      `the report that was made again says ${again.report.verdict.outcome} and ended with ${again.ending}`,
    );
  return wrong;
}

/** A fault that came too late, or found nothing to strike, takes nothing from a run that was measured. */
function allowedEndings(
  fault: ChaosCase['fault'],
  { struck, struckAfterEnd }: Observation,
): readonly Ending[] {
  if (fault === null || struck === false) return CLEAN_ENDINGS;
  return struckAfterEnd ? [...fault.endings, ...CLEAN_ENDINGS] : fault.endings;
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

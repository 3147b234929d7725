import { EXIT_CODES, EXIT_INTERNAL, EXIT_NOT_MEASURED, EXIT_USAGE } from '../../harness/exit-codes.ts';
import type { Course } from './course.ts';
import type { Ending } from './fault.ts';

/**
 * What a fault takes from a run.
 * - `nothing`: all is measured as without it.
 * - `time`: the program stands still for a while, so what it timed meanwhile may decide nothing.
 * - `start`: the target is never ready. `output`: there is no place for a journal.
 * - `target`: it is gone, or listens no more. `target-moment`: it is stopped.
 * - `journal`: its file is taken away. `room`: something cannot be written any more, what was opened before perhaps still can.
 * - a signal: the program is told to end, `twice` or once.
 */
export type Consequence =
  | 'nothing'
  | 'time'
  | 'start'
  | 'output'
  | 'target'
  | 'target-moment'
  | 'journal'
  | 'room'
  | { signal: NodeJS.Signals; twice: boolean };

/** What is known of a case when it is over. */
export interface Story {
  /** When the fault had its effect; null: it came too late, or there was none. */
  atStrike: Course | null;
  /** In the end. */
  after: Course;
  stderr: string;
}

export interface Right {
  endings: readonly Ending[];
  because: string;
}

const PASS = EXIT_CODES.pass;
const FAIL = EXIT_CODES.fail;

/** The only endings that are right, worked out from what the journal says. `null`: a clean run. Pure. */
export function rightEndings(takes: Consequence | null, story: Story): Right {
  if (takes === null) return right('nothing was done to it', PASS);
  if (typeof takes === 'object') {
    if (story.atStrike === null) return right('the signal came too late', PASS);
    return takes.signal === 'SIGKILL'
      ? afterKill(story.atStrike)
      : afterSignal(takes.signal, takes.twice, story);
  }
  switch (takes) {
    case 'nothing':
      return right('it takes nothing from what is measured', PASS);
    case 'start':
      return right('there never was a target to measure', EXIT_NOT_MEASURED);
    case 'output':
      return right('there is no place for the journal', EXIT_USAGE);
    case 'room':
      return withoutRoom(story);
    default:
      break;
  }
  if (story.atStrike === null) return right('it came too late, or found nothing to strike', PASS);
  switch (takes) {
    case 'time':
      return afterPause(story.atStrike, story.after);
    case 'target':
      return withoutTarget(story.atStrike, story.after);
    case 'target-moment':
      return afterStop(story.atStrike, story.after);
    case 'journal':
      return withoutJournal(story.atStrike, story.stderr);
  }
}

function right(because: string, ...endings: Ending[]): Right {
  return { endings, because };
}

/** Nothing can be caught. Behind the last line it may be over before it is hit. */
function afterKill(atStrike: Course): Right {
  return atStrike.ended
    ? right('the reports were under way: it was killed, or had just ended', 'SIGKILL', PASS)
    : right('it was killed in the run', 'SIGKILL');
}

function afterSignal(signal: NodeJS.Signals, twice: boolean, { atStrike, after }: Story): Right {
  // It listens for signals before it makes the journal.
  if (!after.begun) return right('it did not listen for signals yet', signal);
  if (!after.ended)
    return twice
      ? right('the second signal ended it at once', EXIT_NOT_MEASURED)
      : right('one signal stops gently: the journal has to have its last line');
  if (after.interrupted)
    return twice
      ? right('it stopped for the first, and the second may meet the reports', EXIT_NOT_MEASURED, signal)
      : right('it stopped for the signal', EXIT_NOT_MEASURED);
  // Once the journal is whole nobody listens any more: a signal ends the program, if it still runs.
  return atStrike?.measured === true
    ? right('everything had been measured, and the reports may have been under way', PASS, signal)
    : right('the signal came before everything was measured, and the journal does not say so');
}

/** A clock that stood still may spoil what was timed, or not: the report says which by what it calls undecided. Never the server's fault. */
function afterPause(atStrike: Course, after: Course): Right {
  if (!atStrike.ready) return right('only the start of the target was waited for', PASS);
  if (atStrike.measured) return right('everything had been measured', PASS);
  if (!after.ended || after.interrupted)
    return right('a run that stood still for a while goes on to its end');
  return right('what was timed while the program stood still may be undecided', PASS, EXIT_NOT_MEASURED);
}

function withoutTarget(atStrike: Course, after: Course): Right {
  if (!after.ready) return right('the target was gone before it was ready', EXIT_NOT_MEASURED);
  if (after.news.includes('lost')) return right('the journal says that the target was lost', FAIL);
  if (atStrike.measured) return right('everything had been measured when the target was lost', PASS);
  return right('the target was lost before everything was measured, and the journal does not say so');
}

function afterStop(atStrike: Course, after: Course): Right {
  if (!after.ready) return right('the target was stopped and never ready', EXIT_NOT_MEASURED);
  if (after.news.includes('stopped'))
    return right('the journal says that the target was stopped', EXIT_NOT_MEASURED);
  if (!atStrike.ready) return right('the stop was over before the target was used', PASS);
  if (atStrike.measured) return right('everything had been measured when the target was stopped', PASS);
  return right('the target was stopped before everything was measured, and the journal does not say so');
}

const JOURNAL_TOLD =
  /^.*the journal .+ (is gone|is another file now|was cut short|cannot be (written|read back))/m;
/** A report that could not be made is named. */
export const REPORT_TOLD = /^hydrotest: the report .+ could not be made/m;

function withoutJournal(atStrike: Course, stderr: string): Right {
  if (!atStrike.ended) return right('the journal was taken away before its end', EXIT_NOT_MEASURED);
  // Behind its last line the journal is read back once more, and the reports are made.
  if (JOURNAL_TOLD.test(stderr))
    return right('it was missed as the journal was read back', EXIT_NOT_MEASURED);
  if (REPORT_TOLD.test(stderr)) return right('all was measured, and a report had no place', EXIT_INTERNAL);
  return right('the run was over', PASS);
}

function withoutRoom({ after, stderr }: Story): Right {
  if (!after.ended || after.interrupted || !after.measured)
    return right('not everything was measured and journalled', EXIT_NOT_MEASURED);
  return REPORT_TOLD.test(stderr)
    ? right('all was measured, and a report had no room', EXIT_INTERNAL)
    : right('all was measured and reported', PASS);
}

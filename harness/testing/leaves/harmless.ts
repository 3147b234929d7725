import type { CheckName } from '../../model.ts';

interface Harmless {
  checks: CheckName[];
  /** As named by the test: the entry's type and the way to the value. */
  leaves: string[];
  mutations: ('removed' | 'null' | 'a text')[];
  /** Why a pass stands all the same. */
  why: string;
}

/** All after which a check passes although it reads the leaf. */
const HARMLESS: Harmless[] = [
  {
    checks: ['timeout-close', 'streams-held'],
    leaves: ['run.config.protocol.end.value'],
    mutations: ['a text'],
    why: 'which event is a goodbye, as it was asked for: another run, whose goodbye need not say why',
  },
  {
    checks: ['connection-limit'],
    leaves: ['stream.status', 'stream.error'],
    mutations: ['null', 'a text'],
    why: 'the answer decides; the words that came with a refusal are told',
  },
  {
    checks: ['event-integrity', 'load-held', 'streams-held', 'responsiveness', 'tabs-in-browser'],
    leaves: ['run.config.events.at', 'run.config.page', 'scenario.deadlineMs', 'scenario.limit'],
    mutations: ['null', 'a text'],
    why: 'what was asked for and promised, no measurement: another run, in which this is not asked for',
  },
  {
    checks: ['memory-budget'],
    leaves: ['scenario.command'],
    mutations: ['null', 'a text'],
    why: 'a target that ran already, whose high-water mark from before the run does not count',
  },
  {
    checks: [
      'connection-limit',
      'generator-health',
      'history-cost',
      'load-held',
      'load-landed',
      'memory-budget',
      'slots-released',
      'streams-held',
      'timeout-close',
      'cleanup',
    ],
    leaves: ['phase.phase', 'stream.phase', 'sample.phase', 'load.phase', 'tally.phase', 'feed.phase'],
    mutations: ['a text'],
    why: 'one entry of many counts for another phase: all of a phase are taken away in the table of what each check stands on',
  },
  {
    checks: ['event-integrity'],
    leaves: ['stream.key'],
    mutations: ['a text'],
    why: 'a stream of a key that nobody fed has nothing to receive; a fed key without a stream is found',
  },
  {
    checks: ['controls'],
    leaves: ['cycle.path'],
    mutations: ['a text'],
    why: 'a cycle of another path: those of the warm-up, and of a path with which the control is not compared, do not count here',
  },
  {
    checks: ['browser-heap'],
    leaves: ['browser.tabs.n.heapBytes', 'browser.tabs.n.nodeCount', 'browser.tabs.n.listenerCount'],
    mutations: ['null'],
    why: 'a tab that could not be read once is left out each time; listeners are told, and not judged',
  },
  {
    checks: ['tabs-in-browser', 'cleanup'],
    leaves: ['browser.sockets.established', 'levels.reading.sockets.listen'],
    mutations: ['removed'],
    why: 'a state in which no socket is, is not named',
  },
  {
    checks: ['memory-budget', 'history-cost'],
    leaves: [
      'sample.peakRssBytes',
      'levels.reading.peakRssBytes',
      'held.reading.peakRssBytes',
      'cycle.reading.peakRssBytes',
      'sample.highestRssBytes',
      'sample.readingCount',
    ],
    mutations: ['null', 'removed'],
    why: 'the kernel may keep no high-water mark, and older journals have one reading a sample: resident memory was read all the same',
  },
  {
    checks: ['memory-budget'],
    leaves: ['sample.fdCount', 'sample.threadCount'],
    mutations: ['null'],
    why: 'copied with its sample, and not looked at',
  },
  {
    checks: ['memory-budget', 'memory-leak', 'controls', 'load-held'],
    leaves: [
      'sample.swapBytes',
      'levels.reading.swapBytes',
      'held.reading.swapBytes',
      'cycle.reading.swapBytes',
    ],
    mutations: ['null'],
    why: 'not every system tells what of a process is swapped out: resident memory is judged, and the kinds of memory that are settled by others stand',
  },
  {
    checks: ['memory-leak', 'controls', 'load-held'],
    leaves: ['cycle.reading.anonymousBytes', 'held.reading.anonymousBytes', 'held.reading.pssBytes'],
    mutations: ['null'],
    why: 'the heap decides on this target; what a held stream costs is told, and not judged',
  },
  {
    checks: ['memory-leak'],
    leaves: ['scenario-end.error'],
    mutations: ['a text'],
    why: 'a path that was measured to its end stands, however the scenario ended; the run does not pass',
  },
  {
    checks: ['load-landed'],
    leaves: ['stream.answer'],
    mutations: ['null'],
    why: 'one that left before its answer; that the others got in is what is checked here',
  },
  {
    checks: ['history-cost'],
    leaves: ['stream.firstEventMs'],
    mutations: ['null'],
    why: 'one of five with the small history: the median of the others stands',
  },
  {
    checks: ['connection-limit', 'timeout-close', 'event-integrity', 'tabs-in-browser'],
    leaves: [
      'stream.retryAfter',
      'stream.closeReason',
      'browser.browserVersion',
      'browser.tabs.n.firstError',
    ],
    mutations: ['null', 'a text'],
    why: 'words that are told as they are: another text, or none where none is asked for, decides nothing',
  },
];

/** Whether it is explained why a check passes without this leaf, or with that in its place. */
export function isHarmless(check: CheckName, leaf: string, mutation: string): boolean {
  return HARMLESS.some(
    ({ checks, leaves, mutations }) =>
      checks.includes(check) && leaves.includes(leaf) && mutations.some((one) => one === mutation),
  );
}

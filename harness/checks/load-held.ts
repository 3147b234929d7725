import type { Check, ScenarioRecord, StreamEnding, TallyEntry } from '../model.ts';
import { median } from '../verdict/theil-sen.ts';
import { hearsNothing, SILENT_MS } from './hears-nothing.ts';
import { memoryPerStream } from './held-memory.ts';
import { untoldLoad } from './load-told.ts';

/** Of the plan, this part has to be there: whoever leaves is missing until the next one has got in. */
const MIN_HELD_RATIO = 0.95;

/** Of the clients that listen for an answer, this part has to get one: a few leave by chance while theirs is on its way. */
const MIN_ANSWERED_RATIO = 0.95;

/** Events that are written to a key this often must have reached whoever was there for `SILENT_MS`; but for a few, whose keys were the last in turn. */
const SURE_INTERVAL_MS = SILENT_MS / 2;
const MAX_SILENT_RATIO = 0.01;

/** The planned load came about, nobody was turned away or lost, and no event of the harness's own was missing or repeated. */
export const loadHeld: Check = (scenario, { run }) => {
  const { load, events: fedTo } = run.config;
  const tallies = scenario.tallies.filter(({ phase }) => phase !== 'warm-up');
  const facts = factsOf(scenario, tallies);
  const { plannedCount, heldCount, streamCount, refusedCount, lostCount, tabReconnectCount } = facts;
  const { listeningCount, unansweredCount, silentCount } = facts;
  const { fedEventCount, receivedFedCount, fedGapCount, fedDuplicateCount } = facts;
  const finding = { check: 'load-held', scenario: scenario.scenario, subject: '', evidence: facts } as const;
  const say = (outcome: 'pass' | 'fail' | 'inconclusive' | 'invalid', reason: string) => [
    { ...finding, outcome, reason },
  ];

  if (scenario.loads.length === 0 || streamCount === 0)
    return say('invalid', 'nothing is known of a load: no worker told how it went');
  if (lostCount > 0) {
    const error = tallies.find(({ lastError }) => lastError !== null)?.lastError;
    const closed =
      scenario.deadlineMs === null && tallies.some(({ endings }) => (endings['server-end'] ?? 0) > 0);
    return say(
      'fail',
      `${lostCount} of ${streamCount} streams were ended by the server, or broke, before their clients left${error ? ` (such as: ${error})` : ''}${closed ? ': if it is to close them after some time, say with --deadline when' : ''}`,
    );
  }
  if (tabReconnectCount > 0) {
    return say('fail', `tabs lost their connection ${tabReconnectCount} times and had to come back`);
  }
  if (refusedCount > 0) {
    const reason = `${refusedCount} of ${streamCount} streams were refused (${statusesOf(tallies, refusedCount)})`;
    return load.asked
      ? say('fail', `${reason}, with ${plannedCount} to be held`)
      : say(
          'inconclusive',
          `${reason}: say with --streams how many it is to hold, or with --limit what it promises`,
        );
  }
  if (unansweredCount > (1 - MIN_ANSWERED_RATIO) * listeningCount) {
    return say(
      'inconclusive',
      `${unansweredCount} of ${listeningCount} clients left without an answer, when their time was over: the target does not answer them, or takes longer than --lifetime`,
    );
  }
  if (fedGapCount > 0 || fedDuplicateCount > 0) {
    return say(
      'fail',
      `events were lost or repeated: ${fedGapCount} missing and ${fedDuplicateCount} twice, of ${receivedFedCount} that arrived on ${streamCount} streams`,
    );
  }
  if (fedTo !== null && fedEventCount === 0)
    return say(
      'invalid',
      'no event was written while streams were held: whether they receive any is not known',
    );
  if (fedEventCount > 0 && receivedFedCount === 0 && facts.eventCount === 0)
    return say('fail', `none of ${streamCount} streams received any of ${fedEventCount} events`);
  if (
    silentCount > MAX_SILENT_RATIO * listeningCount &&
    facts.feedIntervalMs !== null &&
    facts.feedIntervalMs <= SURE_INTERVAL_MS
  ) {
    return say(
      'fail',
      `${silentCount} streams were open for ${SILENT_MS / 1000} s and longer and received nothing, while their keys had an event every ${(facts.feedIntervalMs / 1000).toFixed(1)} s`,
    );
  }
  if (plannedCount === 0 || heldCount < MIN_HELD_RATIO * plannedCount) {
    const reason =
      load.model === 'closed'
        ? `${heldCount} streams were held at best for half of the time, of ${plannedCount} planned`
        : `${heldCount} streams were started, of ${plannedCount} planned`;
    return say('inconclusive', `${reason}: see generator-health for whether hydrotest was too slow for it`);
  }
  const { startedCount, endedCount } = facts;
  if (streamCount < startedCount || endedCount < streamCount) {
    return say(
      'invalid',
      `${startedCount} streams were started, ${streamCount} counted, and of ${endedCount} it is known how they ended: what became of the others is not`,
    );
  }
  const untold = untoldLoad(scenario);
  if (untold !== null) return say('invalid', `it is not known how the load went: ${untold}`);
  const memory = memoryWords(scenario);
  const events = facts.eventCount > 0 ? `, ${facts.eventCount} events arrived` : '';
  const fed = receivedFedCount > 0 ? ' in order, without a gap' : '';
  const what =
    load.model === 'closed'
      ? `${heldCount} of ${plannedCount} streams were held while ${streamCount} came and went`
      : `${heldCount} streams came as planned`;
  return say('pass', `${what}${events}${fed}${memory}`);
};

function factsOf(scenario: ScenarioRecord, tallies: TallyEntry[]) {
  const sum = (value: (tally: TallyEntry) => number) =>
    tallies.reduce((total, tally) => total + value(tally), 0);
  const count = (of: TallyEntry[], ...endings: StreamEnding[]) =>
    of.reduce(
      (total, tally) => total + endings.reduce((sum, ending) => sum + (tally.endings[ending] ?? 0), 0),
      0,
    );
  // Whoever has ended its own side may be taken for gone: Node's http server does so.
  const staying = tallies.filter(({ behaviour }) => behaviour !== 'half-close');
  const listening = tallies.filter(({ behaviour }) => !hearsNothing.has(behaviour));
  const tabs = tallies.filter(({ behaviour }) => behaviour === 'tab');
  const last = scenario.loads.at(-1);
  const plannedCount = Math.max(0, ...scenario.loads.map((entry) => entry.plannedCount));
  const atPeak = scenario.loads.filter((entry) => entry.plannedCount === plannedCount);
  const perStream = memoryPerStream(scenario);
  // A server may close at its deadline whatever stands in the plan; without a promise, whoever closes loses a stream.
  const closes = scenario.deadlineMs !== null && longest(scenario) >= scenario.deadlineMs;
  return {
    plannedCount,
    heldCount:
      last?.model === 'open'
        ? last.startedCount
        : atPeak.length === 0
          ? 0
          : Math.round(median(atPeak.map(({ heldCount }) => heldCount))),
    streamCount: sum(({ streamCount }) => streamCount),
    startedCount: last?.startedCount ?? 0,
    endedCount: sum(({ endings }) => Object.values(endings).reduce((total, of) => total + of, 0)),
    refusedCount: count(tallies, 'refused'),
    lostCount: count(staying, 'server-reset', 'protocol-error', ...(closes ? [] : (['server-end'] as const))),
    listeningCount: listening.reduce((total, tally) => total + tally.streamCount, 0),
    // Who could not connect is told of by load-landed.
    unansweredCount:
      listening.reduce((total, { statuses }) => total + (statuses.none ?? 0), 0) -
      count(listening, 'connect-failed'),
    // A tab drops nothing by itself. It is held all the same while it waits to come back: only this tells that it was lost.
    tabReconnectCount: closes ? 0 : tabs.reduce((total, tally) => total + tally.reconnectCount, 0),
    reconnectCount: sum(({ reconnectCount }) => reconnectCount),
    eventCount: sum(({ eventCount }) => eventCount),
    silentCount: listening.reduce((total, tally) => total + tally.silentCount, 0),
    fedEventCount: last?.fedEventCount ?? 0,
    feedIntervalMs: feedInterval(scenario),
    receivedFedCount: sum(({ fedEventCount }) => fedEventCount),
    fedGapCount: sum(({ fedGapCount }) => fedGapCount),
    fedDuplicateCount: sum(({ fedDuplicateCount }) => fedDuplicateCount),
    idGapCount: sum(({ gapCount }) => gapCount),
    idDuplicateCount: sum(({ duplicateCount }) => duplicateCount),
    heapPerStreamBytes: perStream?.heapBytes ?? null,
    pssPerStreamBytes: perStream?.pssBytes ?? null,
  };
}

/** How long a key waits for its next event, on average over the load; null: nothing was fed. */
function feedInterval({ loads }: ScenarioRecord): number | null {
  const [first, last] = [loads[0], loads.at(-1)];
  if (first === undefined || last === undefined) return null;
  const fed = last.fedEventCount - first.fedEventCount;
  return fed <= 0 ? null : ((last.elapsedMs - first.elapsedMs) * last.keyCount) / fed;
}

function longest({ elapsedMs, endedMs }: ScenarioRecord): number {
  return endedMs === null ? Number.POSITIVE_INFINITY : endedMs - elapsedMs;
}

/** Who got no status is not all refused: some left before an answer came, as they were meant to. */
function statusesOf(tallies: TallyEntry[], refusedCount: number): string {
  const counts = new Map<string, number>();
  for (const { statuses } of tallies) {
    for (const [status, count] of Object.entries(statuses)) {
      if (!['200', '101', 'none'].includes(status)) counts.set(status, (counts.get(status) ?? 0) + count);
    }
  }
  const unanswered = refusedCount - [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (unanswered > 0) counts.set('no answer', unanswered);
  return [...counts].map(([status, count]) => `${count} × ${status}`).join(', ');
}

/** Live heap is what streams keep; of all memory, what was free before may be used first, so that few streams show nothing in it. */
function memoryWords(scenario: ScenarioRecord): string {
  const memory = memoryPerStream(scenario);
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
  if (memory === null) return '';
  const { heapBytes, pssBytes } = memory;
  const parts = [
    heapBytes !== null && `${kib(heapBytes)} of live heap`,
    pssBytes !== null && pssBytes > (heapBytes ?? 0) && `${kib(pssBytes)} of memory`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : `; a held stream costs the target ${parts.join(', ')}`;
}

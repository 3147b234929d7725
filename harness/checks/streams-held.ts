import type { Check } from '../model.ts';

/** A stream may be closed at the promised deadline; the clocks of both sides differ by less than this. */
const DEADLINE_TOLERANCE_MS = 1500;

/** Streams that were to be held got in, stayed open, and received what was fed. */
export const streamsHeld: Check = (scenario, { run }) => {
  const { deadlineMs } = scenario;
  const streams = scenario.streams.filter(({ phase }) => phase === 'hold');
  const openedCount = streams.filter(({ answer }) => answer === 'accepted').length;
  const lost = streams.filter(
    ({ ending, closeEventMs }) =>
      ending !== 'client' &&
      !(
        ending === 'server-end' &&
        closeEventMs !== null &&
        closeEventMs >= (deadlineMs ?? Infinity) - DEADLINE_TOLERANCE_MS
      ),
  );
  const reconnectCount = streams.reduce((sum, stream) => sum + stream.reconnectCount, 0);
  const fedCount = scenario.feeds
    .filter(({ phase }) => phase === 'hold')
    .reduce((sum, feed) => sum + feed.eventCount, 0);
  // A greeting is no proof that what is written arrives; a target that rewrites the data leaves only the bare count.
  const isNumbered = streams.some(({ fedEventCount }) => fedEventCount > 0);
  const silentCount =
    fedCount === 0
      ? 0
      : streams.filter(({ fedEventCount, eventCount }) => (isNumbered ? fedEventCount : eventCount) === 0)
          .length;
  const shortestMs = streams.length === 0 ? null : Math.min(...streams.map(({ durationMs }) => durationMs));
  const evidence = {
    streamCount: streams.length,
    openedCount,
    lostCount: lost.length,
    reconnectCount,
    silentCount,
    fedCount,
    shortestMs,
  };
  const finding = { check: 'streams-held', scenario: scenario.scenario, subject: '', evidence } as const;
  if (streams.length === 0) return [{ ...finding, outcome: 'invalid', reason: 'no stream was held' }];
  if (openedCount < streams.length || lost.length > 0 || reconnectCount > 0 || silentCount > 0) {
    const first = lost[0];
    const how =
      first === undefined
        ? ''
        : ` (one by ${first.ending} after ${Math.round(first.durationMs)} ms${first.error === null ? '' : `: ${first.error}`})`;
    const because = streams.find(({ reconnectCount, error }) => reconnectCount > 0 && error !== null)?.error;
    const brokenBy = because === undefined || first !== undefined ? '' : ` (such as: ${because})`;
    const reason = `of ${streams.length} streams ${streams.length - openedCount} did not get in, ${lost.length} were lost${how}, ${silentCount} received nothing, ${reconnectCount} broken connections were made again${brokenBy}`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  if (run.config.events !== null && fedCount === 0) {
    const reason = `no event was written while ${streams.length} streams were held: whether they receive any is not known`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const plannedMs = run.config.durationMs;
  if (streams.some(({ ending, durationMs }) => ending === 'client' && durationMs < plannedMs)) {
    const reason = `one of ${streams.length} streams was held for ${Math.round(shortestMs ?? 0)} ms only, not for the ${plannedMs} ms asked for`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const reason = `${streams.length} streams stayed open for ${((shortestMs ?? 0) / 1000).toFixed(0)} s${fedCount > 0 ? ' and all received events' : ''}`;
  return [{ ...finding, outcome: 'pass', reason }];
};

import type { Check, StreamRecord } from '../model.ts';

/** Every event that was written arrived once, in order, on every stream that read it all. */
export const eventIntegrity: Check = (scenario, { run }) => {
  // Of events that a server makes by itself, nobody else knows how many there were.
  if (run.config.events === null) return [];
  const fedByKey = new Map<string, number>();
  for (const feed of scenario.feeds) {
    fedByKey.set(feed.key, (fedByKey.get(feed.key) ?? 0) + feed.eventCount);
  }
  // A stalled reader is there to be cut off, not to receive.
  const streams = scenario.streams.filter(
    ({ key, behaviour }) => fedByKey.has(key) && behaviour !== 'stalled-reader',
  );
  // Our own numbers tell exactly; a target that rewrites the data leaves its ids and the bare count.
  const isNumbered = streams.some(({ fedEventCount }) => fedEventCount > 0);
  const sum = (value: (stream: StreamRecord) => number) =>
    streams.reduce((total, stream) => total + value(stream), 0);
  const received = (stream: StreamRecord) => (isNumbered ? stream.fedEventCount : stream.eventCount);
  const gapCount = sum((stream) => (isNumbered ? stream.fedGapCount : stream.gapCount));
  const duplicateCount = sum((stream) => (isNumbered ? stream.fedDuplicateCount : stream.duplicateCount));
  const missing = streams.map((stream) => (fedByKey.get(stream.key) ?? 0) - received(stream));
  const wrongCount = missing.filter((count) => count !== 0).length;
  const fedCount = [...fedByKey.values()].reduce((sum, count) => sum + count, 0);
  const receivedCount = sum(received);
  const evidence = {
    streamCount: streams.length,
    fedCount,
    receivedCount,
    gapCount,
    duplicateCount,
    wrongCount,
  };
  const finding = { check: 'event-integrity', scenario: scenario.scenario, subject: '', evidence } as const;
  if (streams.length === 0 || fedCount === 0) {
    return [{ ...finding, outcome: 'invalid', reason: 'no events were sent through an open stream' }];
  }
  const closedCount = streams.filter(
    ({ ending, closeReason }) => ending === 'server-end' && closeReason !== null,
  ).length;
  if (closedCount > 0) {
    const reason = `the server closed ${closedCount} of ${streams.length} streams before all was read: give it a longer --deadline`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  if (gapCount > 0 || duplicateCount > 0 || wrongCount > 0) {
    const worst = missing.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    const reason = `${wrongCount} of ${streams.length} streams did not get each of ${fedCount} events once (${gapCount} gaps and ${duplicateCount} duplicates; the worst stream is ${Math.abs(worst)} ${worst < 0 ? 'too many' : 'short'})`;
    return [{ ...finding, outcome: 'fail', reason }];
  }
  const unread = [...fedByKey.keys()].filter((key) => !streams.some((stream) => stream.key === key));
  if (unread.length > 0) {
    const reason = `no stream was there to read what was written to ${unread.join(', ')}`;
    return [{ ...finding, outcome: 'invalid', reason }];
  }
  const reason = `each of ${fedCount} events arrived exactly once and in order on ${streams.length} streams`;
  return [{ ...finding, outcome: 'pass', reason }];
};

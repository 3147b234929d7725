import type { Check } from '../model.ts';
import { goodbyeWords } from './answers.ts';

/** A timer may not fire early, but the clocks of two processes may be read some milliseconds apart. */
const EARLY_TOLERANCE_MS = 100;

/** A busy machine delays a timer; a server that polls looks once a second. */
const LATE_TOLERANCE_MS = 1500;

/** At its deadline a stream is told that it ends, with a reason, where the protocol has a way to say it, and ends properly. */
export const timeoutClose: Check = (scenario, { run }) => {
  const goodbye = goodbyeWords(run.config);
  // An `event: close` is to say why; of other goodbyes, such as GraphQL's `complete`, no more than themselves is asked.
  const hasReason = run.config.protocol.end?.value === 'close';
  const { deadlineMs } = scenario;
  const streams = scenario.streams.filter(({ phase }) => phase === 'deadline');
  const opened = streams.filter(({ answer }) => answer === 'accepted');
  const finding = { check: 'timeout-close', scenario: scenario.scenario, subject: '' } as const;
  if (deadlineMs === null || streams.length === 0 || opened.length < streams.length) {
    const evidence = { deadlineMs, streamCount: streams.length, openedCount: opened.length };
    const reason = `${opened.length} of ${streams.length} streams could be opened: the deadline was not tested`;
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  const withCloseEventCount = opened.filter(
    ({ closeReason }) => closeReason !== null && !(hasReason && closeReason === ''),
  ).length;
  const endedByServerCount = opened.filter(({ ending }) => ending === 'server-end').length;
  const times = opened.map(({ closeEventMs, durationMs }) => closeEventMs ?? durationMs);
  const [earliestMs, latestMs] = [Math.min(...times), Math.max(...times)];
  const lastEndMs = Math.max(...opened.map(({ durationMs }) => durationMs));
  const evidence = {
    deadlineMs,
    streamCount: opened.length,
    withCloseEventCount,
    endedByServerCount,
    earliestMs,
    latestMs,
    lastEndMs,
    closeReason: opened.find(({ closeReason }) => closeReason !== null)?.closeReason ?? null,
  };
  const untimedCount = opened.filter(
    ({ closeReason, closeEventMs }) => closeReason !== null && closeEventMs === null,
  ).length;
  if (untimedCount > 0) {
    const reason = `when ${goodbye ?? 'the end'} of ${untimedCount} of ${opened.length} streams came is not known`;
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  const problems: string[] = [];
  if (endedByServerCount < opened.length)
    problems.push(
      `${opened.length - endedByServerCount} of ${opened.length} streams were not ended by the server`,
    );
  if (goodbye !== null && withCloseEventCount < opened.length)
    problems.push(
      `${opened.length - withCloseEventCount} of ${opened.length} got no ${goodbye.replace(/^a /, '')}${hasReason ? ' with a reason' : ''}`,
    );
  if (earliestMs < deadlineMs - EARLY_TOLERANCE_MS)
    problems.push(`one was closed ${Math.round(deadlineMs - earliestMs)} ms early`);
  if (endedByServerCount === opened.length && latestMs > deadlineMs + LATE_TOLERANCE_MS)
    problems.push(`one was closed ${Math.round(latestMs - deadlineMs)} ms late`);
  else if (endedByServerCount === opened.length && lastEndMs > deadlineMs + LATE_TOLERANCE_MS)
    problems.push(`one response ended only ${Math.round(lastEndMs - deadlineMs)} ms after the deadline`);
  if (problems.length > 0) {
    const reason = `deadline of ${deadlineMs / 1000} s: ${problems.join(', ')}`;
    return [{ ...finding, outcome: 'fail', reason, evidence }];
  }
  const inTime = `after ${(latestMs / 1000).toFixed(2)} s at most, deadline ${deadlineMs / 1000} s`;
  const reason =
    goodbye === null
      ? `the server ended ${opened.length} streams ${inTime}`
      : `${opened.length} streams got ${goodbye}${reasonOf(goodbye, evidence.closeReason)} ${inTime}, and ended`;
  return [{ ...finding, outcome: 'pass', reason, evidence }];
};

/** ` (max_duration_exceeded)`; empty where the goodbye is nothing but itself, such as `[DONE]`. */
function reasonOf(goodbye: string, closeReason: string | null): string {
  return closeReason === null || closeReason === '' || goodbye === `"${closeReason}"`
    ? ''
    : ` (${closeReason})`;
}

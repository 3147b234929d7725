import type { Check, StreamRecord } from '../model.ts';
import { refusalWords, saidBy } from './answers.ts';

/** A burst of simultaneous requests on one key: exactly as many as the limit allows get in, all others the refusal. */
export const connectionLimit: Check = (scenario, { run }) => {
  const { limit } = scenario;
  const bursts = Map.groupBy(
    scenario.streams.filter(({ phase }) => phase.startsWith('burst')),
    ({ phase }) => phase,
  );
  // A burst that was announced and left no stream behind was not measured.
  for (const { phase } of scenario.phases) {
    if (phase.startsWith('burst') && !bursts.has(phase)) bursts.set(phase, []);
  }
  if (bursts.size === 0 || limit === null) bursts.set('burst', []);
  return [...bursts].map(([phase, streams]) => {
    const acceptedCount = streams.filter(({ answer }) => answer === 'accepted').length;
    const refusedCount = streams.filter(({ answer }) => answer === 'limited').length;
    const refusal = refusalWords(run.config, streams.map(saidBy));
    const otherCount = streams.length - acceptedCount - refusedCount;
    const withRetryAfterCount = streams.filter(
      ({ answer, retryAfter }) => answer === 'limited' && retryAfter !== null,
    ).length;
    const evidence = {
      limit,
      openedCount: streams.length,
      acceptedCount,
      refusedCount,
      otherCount,
      withRetryAfterCount,
    };
    const finding = {
      check: 'connection-limit',
      scenario: scenario.scenario,
      subject: phase,
      evidence,
    } as const;
    if (limit === null || streams.length <= limit) {
      return {
        ...finding,
        outcome: 'invalid',
        reason: `a burst of ${streams.length} streams cannot test the limit`,
      };
    }
    const unmade = unmadeConnections(streams);
    if (unmade !== null) return { ...finding, outcome: 'invalid', reason: unmade };
    if (acceptedCount === limit && otherCount === 0) {
      const reason = `of ${streams.length} at once, exactly ${limit} got in and ${refusedCount} got ${refusal}`;
      return { ...finding, outcome: 'pass', reason };
    }
    const reason = `of ${streams.length} at once, ${acceptedCount} got in (limit ${limit}), ${refusedCount} got ${refusal}, ${otherCount} got neither${errorOf(streams)}: count a slot when the request arrives and give it back when its stream ends`;
    return { ...finding, outcome: 'fail', reason };
  });
};

/** What the first of those who got neither a yes nor the refusal met, where it was told. */
function errorOf(streams: readonly StreamRecord[]): string {
  const other = streams.filter(({ answer }) => answer !== 'accepted' && answer !== 'limited');
  const error = other.find(({ error }) => error !== null)?.error;
  return error === undefined || error === null ? '' : ` (such as: ${error})`;
}

/** Connections that this machine could not make say nothing about the target; null: all were made. */
export function unmadeConnections(streams: readonly StreamRecord[]): string | null {
  const failed = streams.filter(({ ending }) => ending === 'connect-failed');
  if (failed.length === 0) return null;
  return `${failed.length} of ${streams.length} connections could not be made: ${failed[0]?.error ?? 'no error was told'}`;
}

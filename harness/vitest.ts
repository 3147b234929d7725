/**
 * `import 'hydrotest/vitest'`: matchers for servers. A run takes longer than Vitest waits for a test (5 s): give the test
 * a `timeout`. When it is over, the run is stopped and the target ended.
 */
import { expect, type MatcherState } from 'vitest';
import type { Report } from './model.ts';
import {
  explain,
  type HoldOptions,
  holdStreams,
  passes,
  type ReleaseOptions,
  releaseEverything,
  type TestTarget,
} from './test-suite.ts';

interface StreamMatchers {
  /**
   * The server holds streams: all get in, none is lost, no event is missing.
   * `await expect({ command, url }).toHoldStreams({ streams: 200, duration: '5s' })`
   */
  toHoldStreams(options?: HoldOptions): Promise<void>;
  /**
   * The server keeps nothing of connections that have ended: no memory, no file descriptor, no socket, no slot.
   * `await expect({ command, url, limit: 5 }).toReleaseEverything({ paths: ['abrupt-drop'] })`
   */
  toReleaseEverything(options?: ReleaseOptions): Promise<void>;
}

declare module 'vitest' {
  // The parameters have to be those of Vitest, used or not.
  interface Matchers<R, T> extends StreamMatchers {}
}

/**
 * `.not` wants a failure that was seen. What is inconclusive, invalid or cut short fails both forms: a run that measured
 * nothing shows neither that a server leaks nor that it does not.
 */
export function matcherResult(report: Report, isNot: boolean): { pass: boolean; message: () => string } {
  const failed = report.verdict.outcome === 'fail' && report.complete;
  const pass = passes(report) || (failed ? false : isNot);
  return { pass, message: () => explain(report) };
}

/** Of the test that asks, so that nothing runs on after its time is over. */
function withTestSignal<Options extends { signal?: AbortSignal }>(
  { task }: MatcherState,
  options: Options,
): Options {
  const signals = [options.signal, task?.context.signal].filter((signal) => signal !== undefined);
  return signals.length === 0 ? options : { ...options, signal: AbortSignal.any(signals) };
}

expect.extend({
  async toHoldStreams(target: TestTarget, options: HoldOptions = {}) {
    return matcherResult(await holdStreams(target, withTestSignal(this, options)), this.isNot);
  },
  async toReleaseEverything(target: TestTarget, options: ReleaseOptions = {}) {
    return matcherResult(await releaseEverything(target, withTestSignal(this, options)), this.isNot);
  },
});

import { EXIT_NOT_MEASURED } from '../exit-codes.ts';
import type { Comparison } from '../model.ts';
import { usage } from '../option-values.ts';

export const FAIL_ON = ['worse', 'cannot-tell', 'never'] as const;
export type FailOn = (typeof FAIL_ON)[number];

/** @throws HydrotestError `usage`. */
export function failOnOf(text: string): FailOn {
  const found = FAIL_ON.find((one) => one === text);
  if (found === undefined) throw usage(`--fail-on "${text}" is none of ${FAIL_ON.join(', ')}.`);
  return found;
}

/**
 * 1 where something is worse. 3 where a metric cannot be told (`cannot-tell`), and, unless it is `never`, where nothing could be compared or the run lacks what the
 * baseline has: missing data never passes.
 */
export function exitCodeOf(comparison: Comparison, failOn: FailOn): number {
  if (failOn === 'never') return 0;
  const { counts, metrics } = comparison;
  if (counts.worse > 0) return 1;
  if (failOn === 'cannot-tell' && counts['cannot-tell'] > 0) return EXIT_NOT_MEASURED;
  const decided = metrics.length - counts['cannot-tell'];
  const isLost = metrics.some(({ lost }) => lost);
  return decided === 0 || isLost ? EXIT_NOT_MEASURED : 0;
}

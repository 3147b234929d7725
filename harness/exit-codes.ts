import type { Outcome } from './model.ts';

export const EXIT_CODES: Record<Outcome, number> = { pass: 0, fail: 1, inconclusive: 3, invalid: 3 };
export const EXIT_USAGE = 2;
export const EXIT_NOT_MEASURED = 3;
export const EXIT_INTERNAL = 4;

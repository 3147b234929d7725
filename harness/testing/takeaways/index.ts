import type { CheckName } from '../../model.ts';
import * as standing from './standing.ts';
import type { Standing } from './takeaway.ts';

export type { Standing, Take } from './takeaway.ts';

/** For every check that there is, all that it stands on: taken away, none of it may leave a pass. */
export const TAKEAWAYS: Record<string, Standing[]> = {
  'target-alive': standing.targetAlive,
  'load-landed': standing.loadLanded,
  'memory-budget': standing.memoryBudget,
} satisfies Partial<Record<CheckName, Standing[]>>;

import type { CheckName } from '../../model.ts';
import { browserHeap, tabsInBrowser } from './browser.ts';
import { controls, memoryLeak } from './leaks.ts';
import * as lifecycle from './lifecycle.ts';
import { generatorHealth, loadHeld } from './load.ts';
import { loadLanded, memoryBudget, targetAlive } from './standing.ts';
import type { Standing } from './takeaway.ts';

export type { Standing, Take } from './takeaway.ts';

/** For every check that there is, all that it stands on: taken away, none of it may leave a pass. */
export const TAKEAWAYS: Record<CheckName, Standing[]> = {
  'target-alive': targetAlive,
  'load-landed': loadLanded,
  'memory-budget': memoryBudget,
  'memory-leak': memoryLeak,
  controls,
  'connection-limit': lifecycle.connectionLimit,
  'slots-released': lifecycle.slotsReleased,
  'timeout-close': lifecycle.timeoutClose,
  'streams-held': lifecycle.streamsHeld,
  'tabs-in-browser': tabsInBrowser,
  'browser-heap': browserHeap,
  'load-held': loadHeld,
  'generator-health': generatorHealth,
  'event-integrity': lifecycle.eventIntegrity,
  rejections: lifecycle.rejections,
  responsiveness: lifecycle.responsiveness,
  'history-cost': lifecycle.historyCost,
  cleanup: lifecycle.cleanup,
};

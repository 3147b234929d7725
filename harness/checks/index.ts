import type { Check, CheckName } from '../model.ts';
import { browserHeap } from './browser-heap.ts';
import { cleanup } from './cleanup.ts';
import { connectionLimit } from './connection-limit.ts';
import { controls } from './controls.ts';
import { eventIntegrity } from './event-integrity.ts';
import { generatorHealth } from './generator-health.ts';
import { historyCost } from './history-cost.ts';
import { loadHeld } from './load-held.ts';
import { loadLanded } from './load-landed.ts';
import { memoryBudget } from './memory-budget.ts';
import { memoryLeak } from './memory-leak.ts';
import { rejections } from './rejections.ts';
import { responsiveness } from './responsiveness.ts';
import { slotsReleased } from './slots-released.ts';
import { streamsHeld } from './streams-held.ts';
import { tabsInBrowser } from './tabs-in-browser.ts';
import { targetAlive } from './target-alive.ts';
import { timeoutClose } from './timeout-close.ts';

export { peakRss } from './memory-budget.ts';
export { readyTarget } from './ready-target.ts';

export const checks: Record<CheckName, Check> = {
  'target-alive': targetAlive,
  'load-landed': loadLanded,
  'memory-budget': memoryBudget,
  'memory-leak': memoryLeak,
  controls,
  'connection-limit': connectionLimit,
  'slots-released': slotsReleased,
  'timeout-close': timeoutClose,
  'streams-held': streamsHeld,
  'tabs-in-browser': tabsInBrowser,
  'browser-heap': browserHeap,
  'load-held': loadHeld,
  'generator-health': generatorHealth,
  'event-integrity': eventIntegrity,
  rejections,
  responsiveness,
  'history-cost': historyCost,
  cleanup,
};

/** What every scenario is checked for, whatever it says itself. */
export const STANDING_CHECKS: CheckName[] = ['target-alive', 'load-landed', 'memory-budget'];

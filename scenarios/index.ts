import type { Scenario } from '../harness/model.ts';
import { churn } from './churn.ts';
import { growth } from './growth.ts';
import { history } from './history.ts';
import { hold } from './hold.ts';
import { limit } from './limit.ts';
import { orphans } from './orphans.ts';
import { reject } from './reject.ts';
import { tabs } from './tabs.ts';
import { timeout } from './timeout.ts';

/** In the order in which they run: short promises first, so that a broken one is known early. */
export const scenarios: Scenario[] = [limit, timeout, tabs, hold, churn, reject, growth, history, orphans];

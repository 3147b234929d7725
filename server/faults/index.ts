import { deadlineWithoutCloseEvent } from './deadline-without-close-event.ts';
import { eventsKept } from './events-kept.ts';
import { fdKept } from './fd-kept.ts';
import { historyKept } from './history-kept.ts';
import { limitReleasedEarly } from './limit-released-early.ts';
import { listenerKept } from './listener-kept.ts';
import { noBackpressure } from './no-backpressure.ts';
import { noDeadline } from './no-deadline.ts';
import { noLimit } from './no-limit.ts';
import { rejectionsKept } from './rejections-kept.ts';
import { responseKept } from './response-kept.ts';
import { slotKeptBySession } from './slot-kept-by-session.ts';
import { slotKeptOnAbort } from './slot-kept-on-abort.ts';
import { timerAndTailKept } from './timer-and-tail-kept.ts';
import type { Fault } from './types.ts';
import { vanishedKept } from './vanished-kept.ts';
import { workflowKeyKept } from './workflow-key-kept.ts';

export type { Fault } from './types.ts';

export const faults: readonly Fault[] = [
  noLimit,
  limitReleasedEarly,
  slotKeptOnAbort,
  noDeadline,
  deadlineWithoutCloseEvent,
  timerAndTailKept,
  eventsKept,
  responseKept,
  listenerKept,
  workflowKeyKept,
  historyKept,
  noBackpressure,
  rejectionsKept,
  fdKept,
  slotKeptBySession,
  vanishedKept,
];

/** What `--list-faults` prints: name, what breaks, and `scenario/check` that must catch it (`over` the protocol to which it belongs). */
export function describeFaults(): string {
  const width = Math.max(...faults.map(({ name }) => name.length));
  return faults
    .map(({ name, breaks, caughtBy: { scenario, check }, only }) => {
      const over = only === undefined ? '' : `, over ${only}`;
      return `${name.padEnd(width)}  ${breaks}\n${''.padEnd(width)}  caught by ${scenario}/${check}${over}\n`;
    })
    .join('');
}

import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '../event-log/types.ts';
import type { Fault } from './types.ts';

/** Loads the file whole before the first event, and holds it until the stream ends. */
function withHistoryInMemory(eventLog: EventLog, dir: string): EventLog {
  return {
    subscribe(workflowId, startAt, consumer) {
      const history: (Buffer | string)[] = []; // in pieces: one buffer of a large file would meet its size limit
      const file = createReadStream(join(dir, workflowId, 'events.jsonl'), { highWaterMark: 1024 * 1024 });
      let subscription = { resume() {}, close() {} };
      let closed = false;
      const begin = () => {
        if (!closed) subscription = eventLog.subscribe(workflowId, startAt, consumer);
      };
      file.on('data', (chunk) => history.push(chunk));
      file.once('end', begin).once('error', begin); // no such file yet: there is no history
      return {
        resume: () => subscription.resume(),
        close() {
          closed = true;
          subscription.close();
          file.destroy();
          history.length = 0;
        },
      };
    },
    get openTailCount() {
      return eventLog.openTailCount;
    },
    tailLagBytes: () => eventLog.tailLagBytes(),
    close: () => eventLog.close(),
  };
}

export const historyKept: Fault = {
  name: 'history-kept',
  breaks: 'Each stream loads the whole file before its first event and holds it until it ends.',
  caughtBy: { scenario: 'history', check: 'history-cost' },
  apply: (parts) => ({ ...parts, eventLog: withHistoryInMemory(parts.eventLog, parts.settings.dir) }),
};

import { join } from 'node:path';
import { Poll } from './poll.ts';
import { ReadBuffers } from './read-buffers.ts';
import { LogSubscription } from './subscription.ts';
import { type FloorOf, Tail } from './tail.ts';
import type { EventLogger } from './tail-log.ts';
import { Tails } from './tails.ts';
import type { EventLog } from './types.ts';

export const LOG_FILE_NAME = 'events.jsonl';
const DEFAULT_POLL_MS = 1000;
export const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

export interface EventLogOptions {
  /** Folder of the workflows: the log of one is `<dir>/<workflowId>/events.jsonl`. It need not exist yet. */
  dir: string;
  /** Told of skipped lines and of files that cannot be read. */
  logger: EventLogger;
  /**
   * How often a file is looked at when nothing tells of a change: the safety net below file notification. Files beyond the
   * twentieth take turns, as long as their watches tell of changes.
   */
  pollMs?: number;
  /** Longer lines are skipped. */
  maxLineBytes?: number;
  /** Where the lines of a file begin that are still read. All of them unless told otherwise. */
  floorOf?: FloorOf;
}

/**
 * Follows the logs of workflows for any number of streams, with one tail a workflow that has a subscription, and nothing
 * for one without. Never throws: a file that is missing or cannot be read is waited for.
 *
 * `workflowId` becomes part of a path: check it before. A file replaced while streams follow it is left at once; what
 * was appended to the old one since the last look is not sent. A file rewritten in place is recognised by its size or by
 * its last 64 bytes, so not where these come out the same.
 */
export function createEventLog(options: EventLogOptions): EventLog {
  const { dir, logger, pollMs = DEFAULT_POLL_MS, maxLineBytes = DEFAULT_MAX_LINE_BYTES } = options;
  const { floorOf } = options;
  const buffers = new ReadBuffers();
  const poll = new Poll(pollMs);
  const closing = new Set<Promise<void>>();
  const tails = new Tails<LogSubscription, Tail>({
    open(workflowId) {
      const path = join(dir, workflowId, LOG_FILE_NAME);
      return new Tail({ workflowId, path, root: dir, logger, buffers, poll, maxLineBytes, floorOf });
    },
    follow: (...args) => new LogSubscription(...args),
    close(tail) {
      const closed = tail.close().finally(() => closing.delete(closed));
      closing.add(closed);
    },
  });

  return {
    subscribe: (...args) => tails.subscribe(...args),

    get openTailCount(): number {
      return tails.count;
    },

    tailLagBytes: () => tails.lagBytes,

    async close(): Promise<void> {
      tails.closeAll();
      await Promise.all(closing);
    },
  };
}

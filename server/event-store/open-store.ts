import type { EventLogger } from '../event-log/tail-log.ts';
import type { ServerSettings } from '../settings.ts';
import { listWorkflows, type WorkflowList } from '../workflow-list.ts';
import { createJsonlStore } from './jsonl-store.ts';
import { databasePath } from './sqlite/database.ts';
import { createSqliteStore } from './sqlite-store.ts';
import type { EventStore } from './types.ts';

export interface OpenStore {
  eventStore: EventStore;
  /** Sorted by name; looks at so many entries at most. */
  listWorkflows(maxEntries: number): Promise<WorkflowList>;
}

export type StoreSettings = Pick<ServerSettings, 'dir' | 'store' | 'maxDurationMs' | 'lingerMs'>;

/**
 * The store that the settings name.
 *
 * @throws SqliteStoreError where the database cannot be used
 */
export function openStore(settings: StoreSettings, logger: EventLogger): OpenStore {
  const { dir, store, maxDurationMs, lingerMs } = settings;
  if (store === 'jsonl') {
    return {
      // Streams and readers that began before have ended by then.
      eventStore: createJsonlStore({ dir, logger, freeAfterMs: maxDurationMs + lingerMs }),
      listWorkflows: (maxEntries) => listWorkflows(dir, maxEntries),
    };
  }
  const eventStore = createSqliteStore({ path: databasePath(dir), logger });
  return {
    eventStore,
    listWorkflows: async (maxEntries) => {
      const workflowIds = eventStore.workflowIds(maxEntries + 1);
      return {
        workflowIds: workflowIds.slice(0, maxEntries),
        truncated: workflowIds.length > maxEntries,
      };
    },
  };
}

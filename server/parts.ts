import type { Logger } from 'pino';
import { type CalmLog, createCalmLog } from './calm-log.ts';
import { type ConnectionRoom, type ConnectionRoomOptions, createConnectionRoom } from './connection-room.ts';
import { createEventLog } from './event-log/event-log.ts';
import type { EventLog } from './event-log/types.ts';
import { databasePath } from './event-store/sqlite/database.ts';
import { createSqliteStore } from './event-store/sqlite-store.ts';
import { type RefuseConnection, refuseConnection } from './refuse-connection.ts';
import { type RejectStream, rejectStream } from './reject-stream.ts';
import type { ServerSettings } from './settings.ts';
import { type SseEncoder, sse } from './sse.ts';
import { type OpenStream, openStream } from './stream.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';

import { listWorkflows, type WorkflowList } from './workflow-list.ts';

/** What a server is made of. Whoever wants it to behave otherwise replaces a part. */
export interface ServerParts {
  settings: ServerSettings;
  logger: CalmLog;
  registry: StreamRegistry;
  eventLog: EventLog;
  /** Sorted by name; looks at so many entries at most. */
  listWorkflows(maxEntries: number): Promise<WorkflowList>;
  sse: SseEncoder;
  openStream: OpenStream;
  rejectStream: RejectStream;
  refuseConnection: RefuseConnection;
  createRoom(options: ConnectionRoomOptions): ConnectionRoom;
}

/** @throws SqliteStoreError where the database cannot be used */
function storeParts(
  { dir, store }: ServerSettings,
  logger: CalmLog,
): Pick<ServerParts, 'eventLog' | 'listWorkflows'> {
  if (store === 'jsonl') {
    return {
      eventLog: createEventLog({ dir, logger }),
      listWorkflows: (maxEntries) => listWorkflows(dir, maxEntries),
    };
  }
  const eventLog = createSqliteStore({ path: databasePath(dir), logger });
  return {
    eventLog,
    listWorkflows: async (maxEntries) => {
      const workflowIds = eventLog.workflowIds(maxEntries + 1);
      return {
        workflowIds: workflowIds.slice(0, maxEntries),
        truncated: workflowIds.length > maxEntries,
      };
    },
  };
}

/** The parts of the good server. */
export function createParts(
  settings: ServerSettings,
  pino: Pick<Logger, 'info' | 'warn' | 'error'>,
): ServerParts {
  const logger = createCalmLog(pino);
  return {
    settings,
    logger,
    registry: createStreamRegistry({ limit: settings.limit }),
    ...storeParts(settings, logger),
    sse,
    openStream,
    rejectStream,
    refuseConnection,
    createRoom: createConnectionRoom,
  };
}

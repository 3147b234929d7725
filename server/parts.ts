import type { Logger } from 'pino';
import { type CalmLog, createCalmLog } from './calm-log.ts';
import { type ConnectionRoom, type ConnectionRoomOptions, createConnectionRoom } from './connection-room.ts';
import type { EventLog } from './event-log/types.ts';
import { openStore } from './event-store/open-store.ts';
import type { EventStore } from './event-store/types.ts';
import { type RefuseConnection, refuseConnection } from './refuse-connection.ts';
import { type RejectStream, rejectStream } from './reject-stream.ts';
import { type RetentionOptions, startRetention } from './retention.ts';
import type { ServerSettings } from './settings.ts';
import { type SseEncoder, sse } from './sse.ts';
import { createSseTransport, type SseTransportOptions } from './sse-transport.ts';
import { type OpenStream, openStream } from './stream.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';
import type { Transport } from './transport.ts';
import { type WebSocketEncoder, webSocketEncoder } from './web-socket/messages.ts';
import type { WorkflowList } from './workflow-list.ts';

/** What a server is made of. Whoever wants it to behave otherwise replaces a part. */
export interface ServerParts {
  settings: ServerSettings;
  logger: CalmLog;
  registry: StreamRegistry;
  /** What streams follow. */
  eventLog: EventLog;
  /** What is read page by page, added to and archived. */
  eventStore: EventStore;
  /** Sorted by name; looks at so many entries at most. */
  listWorkflows(maxEntries: number): Promise<WorkflowList>;
  sse: SseEncoder;
  webSocketEncoder: WebSocketEncoder;
  createSseTransport(options: SseTransportOptions): Transport;
  openStream: OpenStream;
  rejectStream: RejectStream;
  refuseConnection: RefuseConnection;
  createRoom(options: ConnectionRoomOptions): ConnectionRoom;
  startRetention(options: RetentionOptions): { stop(): void };
}

/**
 * The parts of the good server.
 *
 * @throws SqliteStoreError where the database cannot be used
 */
export function createParts(
  settings: ServerSettings,
  pino: Pick<Logger, 'info' | 'warn' | 'error'>,
): ServerParts {
  const logger = createCalmLog(pino);
  const { eventStore, listWorkflows } = openStore(settings, logger);
  return {
    settings,
    logger,
    registry: createStreamRegistry({ limit: settings.limit }),
    eventLog: eventStore,
    eventStore,
    listWorkflows,
    sse,
    webSocketEncoder,
    createSseTransport,
    openStream,
    rejectStream,
    refuseConnection,
    createRoom: createConnectionRoom,
    startRetention,
  };
}

import type { Logger } from 'pino';
import { type CalmLog, createCalmLog } from './calm-log.ts';
import { type ConnectionRoom, type ConnectionRoomOptions, createConnectionRoom } from './connection-room.ts';
import type { EventLog } from './event-log/types.ts';
import { createJsonlStore } from './event-store/jsonl-store.ts';
import type { EventStore } from './event-store/types.ts';
import { type RefuseConnection, refuseConnection } from './refuse-connection.ts';
import { type RejectStream, rejectStream } from './reject-stream.ts';
import type { ServerSettings } from './settings.ts';
import { type SseEncoder, sse } from './sse.ts';
import { type OpenStream, openStream } from './stream.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';

/** What a server is made of. Whoever wants it to behave otherwise replaces a part. */
export interface ServerParts {
  settings: ServerSettings;
  logger: CalmLog;
  registry: StreamRegistry;
  /** What streams follow. */
  eventLog: EventLog;
  /** What is read page by page, added to and archived. */
  eventStore: EventStore;
  sse: SseEncoder;
  openStream: OpenStream;
  rejectStream: RejectStream;
  refuseConnection: RefuseConnection;
  createRoom(options: ConnectionRoomOptions): ConnectionRoom;
}

/** The parts of the good server. */
export function createParts(
  settings: ServerSettings,
  pino: Pick<Logger, 'info' | 'warn' | 'error'>,
): ServerParts {
  const logger = createCalmLog(pino);
  // Streams and readers that began before have ended by then.
  const freeAfterMs = settings.maxDurationMs + settings.lingerMs;
  const eventStore = createJsonlStore({ dir: settings.dir, logger, freeAfterMs });
  return {
    settings,
    logger,
    registry: createStreamRegistry({ limit: settings.limit }),
    eventLog: eventStore,
    eventStore,
    sse,
    openStream,
    rejectStream,
    refuseConnection,
    createRoom: createConnectionRoom,
  };
}

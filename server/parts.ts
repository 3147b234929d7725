import type { Logger } from 'pino';
import { type CalmLog, createCalmLog } from './calm-log.ts';
import { type ConnectionRoom, type ConnectionRoomOptions, createConnectionRoom } from './connection-room.ts';
import { createEventLog } from './event-log/event-log.ts';
import type { EventLog } from './event-log/types.ts';
import { type RefuseConnection, refuseConnection } from './refuse-connection.ts';
import { type RejectStream, rejectStream } from './reject-stream.ts';
import type { ServerSettings } from './settings.ts';
import { type SseEncoder, sse } from './sse.ts';
import { createSseTransport, type SseTransportOptions } from './sse-transport.ts';
import { type OpenStream, openStream } from './stream.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';
import type { Transport } from './transport.ts';
import { type WebSocketEncoder, webSocketEncoder } from './web-socket/messages.ts';

/** What a server is made of. Whoever wants it to behave otherwise replaces a part. */
export interface ServerParts {
  settings: ServerSettings;
  logger: CalmLog;
  registry: StreamRegistry;
  eventLog: EventLog;
  sse: SseEncoder;
  webSocketEncoder: WebSocketEncoder;
  createSseTransport(options: SseTransportOptions): Transport;
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
  return {
    settings,
    logger,
    registry: createStreamRegistry({ limit: settings.limit }),
    eventLog: createEventLog({ dir: settings.dir, logger }),
    sse,
    webSocketEncoder,
    createSseTransport,
    openStream,
    rejectStream,
    refuseConnection,
    createRoom: createConnectionRoom,
  };
}

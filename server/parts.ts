import type { Logger } from 'pino';
import { createEventLog } from './event-log/event-log.ts';
import type { EventLog } from './event-log/types.ts';
import { type RejectStream, rejectStream } from './reject-stream.ts';
import type { ServerSettings } from './settings.ts';
import { type SseEncoder, sse } from './sse.ts';
import { type OpenStream, openStream } from './stream.ts';
import { createStreamRegistry, type StreamRegistry } from './stream-registry.ts';

/** What a server is made of. Whoever wants it to behave otherwise replaces a part. */
export interface ServerParts {
  settings: ServerSettings;
  logger: Logger;
  registry: StreamRegistry;
  eventLog: EventLog;
  sse: SseEncoder;
  openStream: OpenStream;
  rejectStream: RejectStream;
}

/** The parts of the good server. */
export function createParts(settings: ServerSettings, logger: Logger): ServerParts {
  return {
    settings,
    logger,
    registry: createStreamRegistry({ limit: settings.limit }),
    eventLog: createEventLog({ dir: settings.dir, logger }),
    sse,
    openStream,
    rejectStream,
  };
}

import { createDiskGauge } from '../disk-gauge.ts';
import type { Tally } from '../metrics/tally.ts';
import type { ServerParts } from '../parts.ts';
import { sendJson } from '../respond.ts';
import type { Handler } from './route.ts';

export interface HealthRouteOptions {
  parts: Pick<ServerParts, 'registry' | 'eventLog' | 'eventStore' | 'logger'>;
  tally: Tally;
  openStreams: ReadonlySet<unknown>;
  isClosing(): boolean;
}

/** `GET /health`: what is open, how streams ended, memory, disk. */
export function createHealthRoute({ parts, tally, openStreams, isClosing }: HealthRouteOptions): Handler {
  const { registry, eventLog, eventStore, logger } = parts;
  const startedAtMs = performance.now();
  const diskGauge = createDiskGauge(eventStore, logger);

  return (_request, response) => {
    const { rss, heapUsed, external } = process.memoryUsage();
    sendJson(response, 200, {
      status: isClosing() ? 'closing' : 'ok',
      uptimeSeconds: Math.round(performance.now() - startedAtMs) / 1000,
      openStreams: openStreams.size,
      openStreamsByWorkflow: Object.fromEntries(registry.openByWorkflow),
      openTails: eventLog.openTailCount,
      ended: tally.ended,
      rejected: tally.rejected.workflow + tally.rejected.server,
      memory: { rssBytes: rss, heapUsedBytes: heapUsed, externalBytes: external },
      disk: diskGauge.read(),
    });
  };
}

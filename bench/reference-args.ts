import { referenceCommand, referenceTarget } from '../harness/config.ts';
import type { ProtocolName } from '../harness/model.ts';

/** What the reference server speaks. */
export const REFERENCE_PROTOCOLS = ['sse', 'websocket', 'sse-h2'] as const satisfies readonly ProtocolName[];
export type ReferenceProtocol = (typeof REFERENCE_PROTOCOLS)[number];

/**
 * Options of `hydrotest run` for the reference server with a fault in it (null: as it is), with all that it promises. `extra` are further
 * options of its own.
 */
export function referenceArgs(
  fault: string | null,
  protocol: ReferenceProtocol = 'sse',
  extra = '',
): string[] {
  const target = referenceTarget({ protocol });
  const { url, page, key, eventsFile, limit, deadline } = target;
  const ofServer = [extra, fault === null ? '' : `--fault ${fault}`].join(' ').trim();
  return [
    ...['--command', ofServer === '' ? target.command : referenceCommand(ofServer)],
    ...['--protocol', protocol],
    ...('eventId' in target ? ['--event-id', target.eventId] : []),
    ...['--url', url, '--page', page, '--key', key, '--events-file', eventsFile],
    ...['--limit', String(limit), '--deadline', deadline],
  ];
}

import { referenceCommand, referenceTarget } from '../harness/config.ts';

/** Options of `hydrotest run` for the reference server with a fault in it (null: as it is), with all that it promises. */
export function referenceArgs(fault: string | null): string[] {
  const { command, url, page, key, eventsFile, limit, deadline } = referenceTarget();
  return [
    ...['--command', fault === null ? command : referenceCommand(`--fault ${fault}`)],
    ...['--url', url, '--page', page, '--key', key, '--events-file', eventsFile],
    ...['--limit', String(limit), '--deadline', deadline],
  ];
}

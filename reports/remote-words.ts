import type { RunConfig } from '../harness/model.ts';

/** Over which addresses the target was reached, and what that meant for the load. */
export function remoteWords({ remote }: Pick<RunConfig, 'remote'>): string {
  // Journals from before there was anything else have no such line.
  if (remote === null || remote === undefined) return 'loopback';
  const { addresses, mostPerSecond, expected } = remote;
  const where = Object.entries(addresses).map(([host, list]) =>
    list.includes(host) ? host : `${host} (${list.join(', ')})`,
  );
  return `${where.join(', ')}, at most ${mostPerSecond} connections a second; announced: up to ${expected.streamCount} streams at once, about ${expected.connectionCount} connections and ${expected.requestCount} requests in all`;
}

import type { ClientReport } from '../contender.ts';

export interface Client {
  /** Opens one stream that stays open; resolves once it was answered, or failed. Never rejects. */
  open(url: string): Promise<void>;
  /** Called once, at the end: what it saw. */
  report(): Promise<ClientReport>;
}

/** Connections on the way at a time: well below the server's backlog, beyond which the kernel drops and retries. */
const concurrency = 256;

/**
 * The main loop that all Node clients share: opens the streams as fast as it can, holds them, and at SIGTERM prints
 * what it saw as one line of JSON.
 *
 *     node bench/peers/clients/NAME.ts URL STREAMS
 */
export async function runClient(client: Client): Promise<void> {
  const [url = '', count = '1'] = process.argv.slice(2);
  process.once('SIGTERM', async () => {
    const report = await client.report();
    process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit());
  });
  // Whoever started it is gone.
  process.stdin.on('end', () => process.exit()).resume();
  let left = Number(count);
  const opener = async (): Promise<void> => {
    while (left-- > 0) await client.open(url);
  };
  await Promise.all(Array.from({ length: concurrency }, opener));
}

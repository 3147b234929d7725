/**
 * Loaded into the server's process before the server (`node --import`): answers every message of the bench with what the
 * process holds and has used. It looks at nothing of the server and does nothing unless asked.
 */
import { setImmediate as turn } from 'node:timers/promises';

export interface ServerReading {
  /** Live JavaScript heap and memory outside of it that its objects hold (buffers), after collections. */
  liveBytes: number;
  /** CPU time of the process since its start, of all its threads. */
  cpuSeconds: number;
}

export interface ProbeRequest {
  collectGarbage: boolean;
}

async function read({ collectGarbage }: ProbeRequest): Promise<ServerReading> {
  const { user, system } = process.cpuUsage(); // before the collections, which are the bench's doing
  if (collectGarbage) {
    // What the first collection finalises, the next one frees.
    for (let round = 0; round < 4; round += 1) {
      await turn();
      globalThis.gc?.();
    }
  }
  const { heapUsed, external } = process.memoryUsage(); // `external` includes the array buffers
  return { liveBytes: heapUsed + external, cpuSeconds: (user + system) / 1e6 };
}

process.on('message', async (request: ProbeRequest) => process.send?.(await read(request)));
// The channel must not keep a server alive that has been told to stop.
process.channel?.unref();
process.on('disconnect', () => process.exit());

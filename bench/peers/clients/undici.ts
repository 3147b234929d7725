/** undici's `request`, without its time-outs for bodies; the bodies are read and thrown away. UNDICI: its entry. */
import type { Agent, request } from 'undici-types';
import { runClient } from './client.ts';

interface Undici {
  Agent: typeof Agent;
  request: typeof request;
}

const undici = (await import(process.env.UNDICI ?? 'undici')) as { default: Undici };
const dispatcher = new undici.default.Agent({ bodyTimeout: 0, headersTimeout: 0 });
let [refusalCount, closeCount] = [0, 0];

await runClient({
  async open(url) {
    try {
      const headers = { accept: 'text/event-stream' };
      const { statusCode, body } = await undici.default.request(url, { dispatcher, headers });
      if (statusCode === 429) refusalCount += 1;
      else body.on('end', onEnd);
      body.on('error', () => {});
      body.on('data', ignore);
    } catch {
      // Not opened: the server counts what is open.
    }
  },
  report: async () => ({ eventCount: null, refusalCount, closeCount, gapCount: null }),
});

function onEnd(): void {
  closeCount += 1;
}

function ignore(): void {}

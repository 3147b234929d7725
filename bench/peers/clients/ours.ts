/** hydrotest's raw stream client. */
import { behaviours } from '../../../harness/streams/behaviours.ts';
import { runClient } from './client.ts';

const streams: ReturnType<(typeof behaviours)['graceful-close']['open']>[] = [];

await runClient({
  async open(url) {
    const stream = behaviours['graceful-close'].open({ url, headers: {} });
    streams.push(stream);
    await stream.answered;
  },
  async report() {
    for (const stream of streams) stream.end();
    const records = await Promise.all(streams.map(({ ended }) => ended));
    return {
      eventCount: records.reduce((total, { eventCount }) => total + eventCount, 0),
      refusalCount: records.filter(({ ending, status }) => ending === 'refused' && status === 429).length,
      closeCount: records.filter(({ ending, closeReason }) => ending === 'server-end' && closeReason === null)
        .length,
      gapCount: records.reduce((total, { gapCount }) => total + gapCount, 0),
    };
  },
});

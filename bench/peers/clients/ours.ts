/** hydrotest's raw stream client. */

import { SourcePlaces } from '../../../harness/load/source-addresses.ts';
import { behaviours } from '../../../harness/streams/behaviours.ts';
import { runClient } from './client.ts';

/** Above this hydrotest names its source ports itself, as it does in a run (harness/load/source-addresses.ts). */
const spreadAbove = 11_000;
const streamCount = Number(process.argv[3]);
const places = streamCount > spreadAbove ? new SourcePlaces(0, 1) : null;
/** One object for all, as a run has it. */
const headers = {};
const streams: ReturnType<(typeof behaviours)['graceful-close']['open']>[] = [];

await runClient({
  async open(url) {
    const stream = behaviours['graceful-close'].open({ url, headers, ...places?.take() });
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

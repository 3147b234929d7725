/** The `eventsource` package; the script compares the ids that it hands over. */
import { EventSource } from 'eventsource';
import { runClient } from './client.ts';

const sources: EventSource[] = [];
let [eventCount, refusalCount, closeCount, gapCount] = [0, 0, 0, 0];

await runClient({
  open: (url) =>
    new Promise((resolve) => {
      const source = new EventSource(url);
      let lastId: number | null = null;
      sources.push(source);
      source.onopen = () => resolve();
      source.onerror = ({ code }) => {
        if (code === 429) refusalCount += 1;
        else closeCount += 1;
        resolve();
      };
      source.onmessage = ({ lastEventId }) => {
        const id = Number(lastEventId);
        eventCount += 1;
        if (lastId !== null && id > lastId + 1) gapCount += 1;
        lastId = id;
      };
    }),
  async report() {
    for (const source of sources) source.close();
    return { eventCount, refusalCount, closeCount, gapCount };
  },
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendText } from '../respond.ts';
import type { Metrics, MetricsOptions } from './metrics.ts';

/** `/metrics`. A server that nobody scrapes does not even load what makes them. */
export function createMetricsRoute(options: MetricsOptions, load = () => import('./metrics.ts')) {
  let metrics: Promise<Metrics> | null = null;
  let reading: Promise<string> | null = null;

  return {
    async show(_request: IncomingMessage, response: ServerResponse): Promise<void> {
      metrics ??= load().then(({ createMetrics }) => createMetrics(options));
      // It may fail for want of descriptors: the next scrape tries again.
      metrics.catch(() => {
        metrics = null;
      });
      const { contentType, text } = await metrics;
      // Whoever asks meanwhile gets the same answer.
      reading ??= text().finally(() => {
        reading = null;
      });
      sendText(response, 200, await reading, { 'Content-Type': contentType });
    },
    async close(): Promise<void> {
      (await metrics?.catch(() => null))?.close();
    },
  };
}

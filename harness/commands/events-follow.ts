import { once } from 'node:events';
import { oneLine } from '../../reports/text.ts';
import { eventLine, jsonLine } from '../events/event-line.ts';
import { followStream } from '../events/follow-stream.ts';
import { addressBelow } from '../events/server-url.ts';

export interface EventsFollowOptions {
  url: string;
  /** Events to begin with; null: as many as the server gives. */
  last: number | null;
  json?: true;
}

/**
 * `hydrotest events follow`: ends with exit code 0 when it is told to (Ctrl-C), or when nobody reads any more. Prints no faster than
 * is read, and reads no faster than it prints.
 */
export async function eventsFollowCommand(workflow: string, options: EventsFollowOptions): Promise<void> {
  const url = addressBelow(options.url, `/api/events/${encodeURIComponent(workflow)}/stream`);
  if (options.last !== null) url.searchParams.set('recent', String(options.last));
  const { stdout, stderr } = process;
  const controller = new AbortController();
  const { signal } = controller;
  const stop = () => controller.abort();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of names) process.once(name, stop); // the second one ends the process at once
  stdout.once('error', stop).once('close', stop); // `| head` has what it wanted

  const onNotice = (text: string) => stderr.write(`hydrotest: ${oneLine(text)}\n`);
  const lineOf = options.json
    ? jsonLine
    : (data: string) => eventLine(data, Date.now(), stdout.isTTY ? stdout.columns : null);
  try {
    for await (const events of followStream({ url, signal, onNotice })) {
      const hasRoom = stdout.write(events.map((data) => `${lineOf(data)}\n`).join(''));
      if (!hasRoom) await once(stdout, 'drain', { signal }).catch(() => undefined);
      if (signal.aborted) break;
    }
  } finally {
    for (const name of names) process.off(name, stop);
    stdout.off('error', stop).off('close', stop);
    // The last lines would hold the process until somebody reads them.
    if (signal.aborted && stdout.writableLength > 0) process.exit(0);
  }
}

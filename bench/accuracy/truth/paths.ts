import { setTimeout as sleep } from 'node:timers/promises';
import type { CaseProtocol, LifecyclePath } from '../manifest.ts';
import { openStream, type StreamClient } from './stream-client.ts';
import { expectAccepted, FULL_KEY, visits } from './visits.ts';
import { openWebSocket } from './web-socket-client.ts';

const WORKERS = 20;

/** Streams that end at a deadline of a second have to be many at a time. */
const DEADLINE_WORKERS = 1000;

/** Of the streams to which events are sent, one more does not read. */
const READERS = 4;
const LIMIT = 5;
const POLL_MS = 5;

export interface Drive {
  /** Does `dose` units of work, or waits until they have happened. */
  work(dose: number): Promise<void>;
  /** Units so far, which also rise by themselves where events or seconds are counted. */
  doneCount(): number;
  /** Streams that stay open meanwhile. */
  heldCount: number;
  close(): void;
}

/** Makes clients that work on a lifecycle path; streams that the path needs to be held are open when it resolves. */
export async function drivePath(options: {
  path: LifecyclePath;
  protocol: CaseProtocol;
  port: number;
  /** With `{key}`, and perhaps `{lastEventId}`. */
  urlPath: string;
  heldStreams: number;
}): Promise<Drive> {
  const { path, port, urlPath } = options;
  const open = (key: string, headers: Record<string, string> = {}) => {
    const { 'Last-Event-ID': lastEventId = '' } = headers;
    const filled = urlPath.replace('{key}', key).replace('{lastEventId}', lastEventId);
    return options.protocol === 'sse'
      ? openStream({ port, path: filled, headers })
      : openWebSocket({ port, path: filled });
  };
  const held: StreamClient[] = [];
  const hold = async (count: number, keyOf: (n: number) => string) => {
    for (let n = 0; n < count; n++) {
      const stream = open(keyOf(n));
      await expectAccepted(stream);
      held.push(stream);
    }
  };
  await hold(options.heldStreams, (n) => `held-${n}`);
  if (path === 'rejection') await hold(LIMIT, () => FULL_KEY);
  if (path === 'event to held streams') {
    await hold(READERS + 1, (n) => `reader-${n}`);
    held.at(-1)?.stall();
  }

  let visitCount = 0;
  const visit = visits[path as keyof typeof visits];
  const visitAll = async (end: number) => {
    const run = async () => {
      while (visitCount < end) await visit(open, ++visitCount);
    };
    const workers = path === 'deadline' ? DEADLINE_WORKERS : WORKERS;
    await Promise.all(Array.from({ length: workers }, run));
  };
  const doneCount = {
    work: () => visitCount,
    events: () => held.at(options.heldStreams)?.eventCount ?? 0,
    seconds: () => performance.now() / 1000,
  }[workOf(path)];
  return {
    heldCount: held.length,
    doneCount,
    async work(dose) {
      const end = doneCount() + dose;
      if (workOf(path) === 'work') await visitAll(end);
      else while (doneCount() < end) await sleep(POLL_MS);
    },
    close() {
      for (const stream of held) stream.leave('rst');
    },
  };
}

/** What is counted: what the client does, what the server sends, or what passes by itself. */
export function workOf(path: LifecyclePath): 'work' | 'events' | 'seconds' {
  if (path === 'event to held streams') return 'events';
  return path === 'idle' ? 'seconds' : 'work';
}

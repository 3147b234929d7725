import type { StreamEnding } from '../../model.ts';
import { EventOrder } from '../event-order.ts';
import { EventReader } from '../event-reader.ts';
import { gracefulClose } from '../graceful-close.ts';
import { startAnsweringServer } from './answering-server.ts';
import type { Answer, ConformanceCase, PageEvent } from './conformance-case.ts';
import { Differences } from './differences.ts';
import { until } from './until.ts';

/** Runs the first answer of a case, which is all of it for most; returns what was not as it should be. */
export async function runRaw(one: ConformanceCase, withinMs: number): Promise<string[]> {
  const differences = new Differences();
  const [first] = one.answers;
  if (first === undefined || (one.raw === 'whole' && one.answers.length > 1)) {
    throw new Error(`${one.file}: the raw client takes exactly one answer`);
  }
  for (const pieces of ['whole', 'bytes'] as const) {
    await readOverSocket(one, first, pieces, differences, withinMs);
  }
  if (first.kind === 'stream') readInPieces(first, differences);
  return differences.found;
}

/** What the stream's record says of the answer: that it was taken or refused, how it ended, and how much was in it. */
async function readOverSocket(
  one: ConformanceCase,
  first: Answer,
  pieces: 'whole' | 'bytes',
  differences: Differences,
  withinMs: number,
): Promise<void> {
  const server = await startAnsweringServer([first], pieces);
  const stream = gracefulClose.open({ url: `${server.origin}/`, headers: {} });
  let hasEnded = false;
  const ended = stream.ended.then((record) => {
    hasEnded = true;
    return record;
  });
  const isRead = () => hasEnded || (first.stays && stream.eventCount >= first.events.length);
  await differences.arrives(until('the answer is read', isRead, withinMs));
  stream.end();
  const record = await ended;
  await server.close();

  const how = pieces === 'whole' ? 'sent whole' : 'sent byte by byte';
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(first.head)?.[1]);
  const ending: StreamEnding =
    first.kind === 'stream'
      ? first.stays
        ? 'client'
        : 'server-end'
      : status === 200
        ? 'protocol-error'
        : 'refused';
  differences.compare(`status, ${how}`, record.status, status);
  differences.compare(`ending, ${how}`, record.ending, ending);
  differences.compare(`number of events, ${how}`, record.eventCount, first.events.length);
  differences.compare(`last event id, ${how}`, stream.lastEventId, first.events.at(-1)?.lastEventId ?? '');
  differences.requests(
    server.requests.filter((request) => request !== null),
    one.requests.slice(0, 1),
  );
}

/** The events themselves, with the body in one piece, in single bytes, and in two pieces at each place. */
function readInPieces(first: Answer, differences: Differences): void {
  const body = Buffer.from(first.body);
  const cuts: [string, number[]][] = [
    ['in one piece', []],
    ['in single bytes', [...body.keys()].slice(1)],
  ];
  for (let at = 1; at < body.length; at += 1) cuts.push([`cut behind byte ${at}`, [at]]);
  for (const [how, places] of cuts) {
    differences.compare(`events, ${how}`, readEvents(body, places), first.events);
    // One such difference tells enough; there can be thousands.
    if (differences.found.length > 0) return;
  }
}

function readEvents(body: Buffer, places: readonly number[]): PageEvent[] {
  const events: PageEvent[] = [];
  const reader = new EventReader({
    order: new EventOrder(),
    onEvent: ({ event: type = 'message', data }) => {
      events.push({ type, data, lastEventId: reader.lastEventId });
    },
  });
  let from = 0;
  for (const place of [...places, body.length]) {
    reader.push(body.subarray(from, place));
    from = place;
  }
  return events;
}

import { expect, test } from 'vitest';
import { behaviours } from './behaviours.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { until } from './testing/until.ts';

const file = serverOfFile(behaviours);

test('leaves with a RST by itself, with a part of the first event and no whole one', async () => {
  const record = await file.open('drop-mid-event', '/hello').ended;
  expect(record).toMatchObject({ behaviour: 'drop-mid-event', ending: 'client', status: 200, eventCount: 0 });
  const connection = file.server.only('/hello');
  await until('the server saw the end', () => connection.end !== null);
  expect(connection.end).toBe('rst');
  // It has seen the head, the chunk's size and the beginning of the event, no more than a piece of it.
  const text =
    'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n45\r\n';
  expect(record.byteCount).toBeGreaterThan(text.length);
  expect(record.byteCount).toBeLessThanOrEqual(text.length + 7);
  expect(connection.takenBytes).toBeGreaterThan(record.byteCount + 40);
});

test('an event in small pieces, or of the smallest kind, is cut as well', async () => {
  expect(await file.open('drop-mid-event', '/trickle').ended).toMatchObject({
    ending: 'client',
    eventCount: 0,
  });
  expect(await file.open('drop-mid-event', '/flood').ended).toMatchObject({
    ending: 'client',
    eventCount: 0,
  });
});

test('later: events come whole until then', async () => {
  const stream = file.open('drop-mid-event', '/ticks', { dropAfterMs: 200 });
  const record = await stream.ended;
  expect(record).toMatchObject({ ending: 'client', gapCount: 0, duplicateCount: 0 });
  expect(record.durationMs).toBeGreaterThanOrEqual(199);
  expect(record.eventCount).toBeGreaterThan(0);
  await until('the server saw the end', () => file.server.only('/ticks').end === 'rst');
});

test('twins: between events it stays, in comments too; end() drops it there; a whole response is a whole response', async () => {
  const stream = file.open('drop-mid-event', '/comments');
  const clean = file.open('graceful-close', '/ticks');
  expect(await stream.answered).toBe('accepted');
  // A stream that comes later is far behind the comments by then.
  expect(await clean.receives(20)).toBe(true);
  expect(file.server.only('/comments').end).toBeNull();
  stream.end();
  clean.end();
  expect(await stream.ended).toMatchObject({ ending: 'client', eventCount: 0 });
  await clean.ended;
  await until('the server saw the RST', () => file.server.only('/comments').end === 'rst');

  const late = file.open('drop-mid-event', '/end', { dropAfterMs: 3_600_000 });
  expect(await late.ended).toMatchObject({ ending: 'server-end', eventCount: 3 });
});

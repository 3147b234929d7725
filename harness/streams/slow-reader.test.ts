import { expect, test } from 'vitest';
import type { OpenStream } from '../model.ts';
import { behaviours } from './behaviours.ts';
import { serverOfFile } from './testing/server-of-file.ts';
import { until } from './testing/until.ts';

const file = serverOfFile(behaviours);

async function readTo(stream: OpenStream, eventCount: number) {
  expect(await stream.receives(eventCount)).toBe(true);
  stream.end();
  return stream.ended;
}

/** Bytes a second between the first byte and the end, less the one piece that comes before the first rest. */
function rate(record: { byteCount: number; durationMs: number; firstByteMs: number | null }): number {
  return ((record.byteCount - 8 * 1024) / (record.durationMs - (record.firstByteMs ?? 0))) * 1000;
}

test('never faster than told, and cut off with data on its way', async () => {
  const bytesPerSecond = 128 * 1024;
  const record = await readTo(file.open('slow-reader', '/flood', { bytesPerSecond }), 4);
  expect(record).toMatchObject({ behaviour: 'slow-reader', ending: 'client', status: 200 });
  expect(rate(record)).toBeLessThanOrEqual(bytesPerSecond);
  const connection = file.server.connections[0];
  await until('the server saw the end', () => connection?.end === 'rst');
  // The kernels' buffers have taken far more than was read.
  expect(connection?.takenBytes).toBeGreaterThan(2 * record.byteCount);
});

test('256 KiB/s unless told otherwise; a clean reader is beyond that', async () => {
  expect(rate(await readTo(file.open('slow-reader', '/flood'), 8))).toBeLessThanOrEqual(256 * 1024);
  expect(rate(await readTo(file.open('graceful-close', '/flood'), 2_000))).toBeGreaterThan(256 * 1024);
});

test('slow as it is, it reads to the end', async () => {
  const record = await file.open('slow-reader', '/end', { bytesPerSecond: 4 * 1024 }).ended;
  expect(record).toMatchObject({ ending: 'server-end', eventCount: 3 });
  await until('both are closed', () => file.server.only('/end').sentBytes !== null);
  expect(file.server.only('/end').sentBytes).toBe(record.byteCount);
});

import { HydrotestError } from '../errors.ts';
import type { HeapReading } from '../model.ts';
import type { CallLimits, CdpClient } from './cdp-client.ts';

/** What is said to a target's inspector, and what its answers mean. */
export type HeapSizes = Omit<HeapReading, 'processCount'>;

/** After this the inspector closes or moves: by then the session through which it is told so has ended. */
const FAREWELL_MS = 50;

const inspector = `(process.getBuiltinModule?.('inspector') ?? require('inspector'))`;

/**
 * Closes the inspector from within, so that its thread, its port and its 8 descriptors are gone as if it had never been. Only a moment
 * later: `inspector.close()` waits for its sessions to end, and this call comes through one. Measured on Node 20 and
 * 24: descriptors and threads are back to the number before, and SIGUSR1 opens it again.
 */
export const CLOSE = `setTimeout((inspector) => inspector.close(), ${FAREWELL_MS}, ${inspector}).unref(), 0`;

/** Node counts the ports of a cluster's next workers from `process.debugPort`, which `open` would change. */
export const MOVE = `setTimeout((inspector, port) => {
  inspector.close();
  try { inspector.open(0, '127.0.0.1'); } catch {}
  process.debugPort = port;
}, ${FAREWELL_MS}, ${inspector}, process.debugPort), 0`;

/** Bytes beside the doubles on 64 bits: the list's link (40), the array (32) and the head of its elements (16). */
const PLANT_OVERHEAD_BYTES = 88;
const BYTES_PER_DOUBLE = 8;
const PLANTED = `Symbol.for('hydrotest.planted')`;
export const UNPLANT = `delete globalThis[${PLANTED}], 0`;

/** An array of doubles, as V8 stores those without boxes, in a list with what was planted before. */
export function plantExpression(bytes: number): string {
  const length = Math.max(1, Math.round((bytes - PLANT_OVERHEAD_BYTES) / BYTES_PER_DOUBLE));
  return `(() => {
  globalThis[${PLANTED}] = { planted: new Array(${length}).fill(0.5), before: globalThis[${PLANTED}] };
  return 0;
})()`;
}

/** One text for both numbers: an object that is handed over leaves more behind in the target. */
const MEMORY = `(({ arrayBuffers, external }) => arrayBuffers + ' ' + external)(process.memoryUsage())`;

/** @throws HydrotestError `target-lost`, `aborted`. */
export async function readSizes(client: CdpClient, limits: CallLimits): Promise<HeapSizes> {
  const usage = await client.call('Runtime.getHeapUsage', {}, limits);
  const usedBytes = fieldOf(usage, 'usedSize');
  if (!isByteCount(usedBytes)) throw unreadable('usedSize', usage);
  // One after the other: of two answers in a row the second waits 40 ms for our kernel to acknowledge the first (Nagle).
  const memory = await evaluate(client, MEMORY, limits);
  // `getHeapUsage` has a backingStorageSize since V8 12, which is all external memory: only Node tells the two apart.
  const [arrayBufferBytes, externalBytes] = String(memory).split(' ').map(Number);
  if (!isByteCount(arrayBufferBytes)) throw unreadable('arrayBuffers', memory);
  return { usedBytes, arrayBufferBytes, externalBytes: isByteCount(externalBytes) ? externalBytes : null };
}

/** What a program says that is no Node's inspector may be any number, which no memory has. */
function isByteCount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/**
 * The value of a JavaScript expression in the target.
 * @throws HydrotestError `target-lost`, `aborted`.
 */
export async function evaluate(client: CdpClient, expression: string, limits: CallLimits): Promise<unknown> {
  // The command line API has `require`, for a Node before 20.16.
  const params = {
    expression,
    returnByValue: true,
    silent: true,
    includeCommandLineAPI: expression.includes('require('),
  };
  const answer = await client.call('Runtime.evaluate', params, limits);
  const thrown = fieldOf(answer, 'exceptionDetails');
  if (thrown !== undefined) throw unreadable(`value of ${expression}`, thrown);
  return fieldOf(fieldOf(answer, 'result'), 'value');
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

/** What the target has thrown can quote its data: only the name of its class is told. */
function unreadable(field: string, answer: unknown): HydrotestError {
  const thrown = fieldOf(fieldOf(answer, 'exception'), 'className');
  const what = typeof thrown === 'string' ? `it threw ${thrown}` : `it answered with ${typeof answer}`;
  return new HydrotestError('target-lost', `the inspector told no ${field}: ${what}`);
}

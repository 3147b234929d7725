import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const TAIL_BYTES = 8 * 1024;
const TAIL_LINES = 20;

/** The last lines that were written to a file after `fromByte`: at most 20, at most 8 KiB; empty if there are none. */
export function readTail(file: string, fromByte: number): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // Removed by someone meanwhile: what is shown for people to read is not worth failing for.
    return '';
  }
  try {
    const end = fstatSync(fd).size;
    const start = Math.max(fromByte, end - TAIL_BYTES);
    if (end <= start) return '';
    const buffer = Buffer.alloc(end - start);
    const length = readSync(fd, buffer, 0, buffer.length, start);
    const lines = buffer.toString('utf8', 0, length).trimEnd().split('\n');
    // The first line was cut if the tail starts in its middle; a single long line is shown as far as it goes.
    if (start > fromByte && lines.length > 1) lines.shift();
    return lines.slice(-TAIL_LINES).join('\n');
  } finally {
    closeSync(fd);
  }
}

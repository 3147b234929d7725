import { closeSync, openSync, readSync } from 'node:fs';
import { attempt, breathe } from './proc-file.ts';

/** Names of the states in `/proc/net/tcp`, which writes them as numbers (include/net/tcp_states.h). */
const STATE_NAMES = [
  'unknown',
  'established',
  'syn_sent',
  'syn_recv',
  'fin_wait1',
  'fin_wait2',
  'time_wait',
  'close',
  'close_wait',
  'last_ack',
  'listen',
  'closing',
  'new_syn_recv',
] as const;

export type TcpState = (typeof STATE_NAMES)[number];

export interface TcpListener {
  localPort: number;
  inode: number;
  /** As the kernel writes it: each 32-bit word hexadecimal, in the machine's byte order. */
  localAddressHex: string;
}

/** An inode of 0: no process holds the socket any more, the kernel is still ending it. */
type VisitRow = (localPort: number, state: TcpState, inode: number, addressOf: () => string) => void;

/** The kernel gives at most a page of 27 rows at a time, about 50 µs each: this many, then the streams have their turn. */
const BREATH_BYTES = 256 * 1024;
/** On ARM pages may have 64 KiB. */
const MAX_PAGE_BYTES = 64 * 1024;

/**
 * Visits the TCP sockets, of both IP versions, in the network namespace of a process; false if they cannot be read.
 * The table comes in pieces, so that under load a socket may be missing or shown in an older state: for exact counts look
 * at a quiet moment. `addressOf` is only called for rows whose address matters.
 *
 * Costs 10 ms at least (the kernel walks its whole hash table, measured on 24 GB of memory) and 2 µs a socket. Read
 * synchronously and piece by piece: `readFile` takes twice that, as each page is a trip through the thread pool.
 */
export async function visitTcpTable(pid: number | 'self', visit: VisitRow): Promise<boolean> {
  const readIpv4 = await visitTable(`/proc/${pid}/net/tcp`, visit);
  // A kernel without IPv6 has no second table.
  await visitTable(`/proc/${pid}/net/tcp6`, visit);
  return readIpv4;
}

async function visitTable(path: string, visit: VisitRow): Promise<boolean> {
  const opened = attempt(() => openSync(path, 'r'));
  if (opened.state !== 'read') return false;
  const buffer = Buffer.allocUnsafe(BREATH_BYTES);
  let length = 0;
  try {
    for (;;) {
      const read = attempt(() => readSync(opened.value, buffer, length, buffer.length - length, null));
      if (read.state !== 'read') return false;
      length += read.value;
      if (read.value > 0 && length + MAX_PAGE_BYTES <= buffer.length) continue;
      const end = length === 0 ? 0 : buffer.lastIndexOf(NEWLINE, length - 1) + 1;
      visitRows(buffer.subarray(0, end), visit);
      if (read.value === 0) return true;
      length = buffer.copy(buffer, 0, end, length);
      await breathe();
    }
  } finally {
    closeSync(opened.value);
  }
}

const NEWLINE = 10;
const SPACE = 32;
const COLON = 58;

/**
 * Visits the rows of `/proc/net/tcp` or `tcp6`, given whole lines; the heading, which has no colon, is passed over.
 * Scans bytes: to split 40,000 lines into strings would hold up the streams.
 */
export function visitRows(lines: Buffer, visit: VisitRow): void {
  let lineStart = 0;
  while (lineStart < lines.length) {
    let lineEnd = lines.indexOf(NEWLINE, lineStart);
    if (lineEnd === -1) lineEnd = lines.length;
    visitRow(lines, lineStart, lineEnd, visit);
    lineStart = lineEnd + 1;
  }
}

/** `  sl: localAddress:port remoteAddress:port st tx:rx tr:when retrnsmt uid timeout inode …` */
function visitRow(lines: Buffer, start: number, end: number, visit: VisitRow): void {
  const slotEnd = lines.indexOf(COLON, start);
  if (slotEnd === -1 || slotEnd >= end) return;
  const addressStart = slotEnd + 2;
  const addressEnd = lines.indexOf(COLON, addressStart);
  const remoteEnd = lines.indexOf(COLON, addressEnd + 1);
  const stateAt = remoteEnd + 6;
  const inodeAt = skipFields(lines, stateAt, end, 6);
  if (addressEnd === -1 || remoteEnd === -1 || inodeAt >= end) return;
  const state = STATE_NAMES[hexAt(lines, stateAt, 2)] ?? 'unknown';
  visit(hexAt(lines, addressEnd + 1, 4), state, decimalAt(lines, inodeAt), () =>
    lines.toString('latin1', addressStart, addressEnd),
  );
}

/** The listening sockets in the network namespace of a process; none if they cannot be read. */
export async function listListeners(pid: number): Promise<TcpListener[]> {
  const listeners: TcpListener[] = [];
  await visitTcpTable(pid, (localPort, state, inode, addressOf) => {
    if (state === 'listen') listeners.push({ localPort, inode, localAddressHex: addressOf() });
  });
  return listeners;
}

function hexAt(bytes: Buffer, at: number, length: number): number {
  let value = 0;
  for (let i = at; i < at + length; i++) {
    const byte = bytes[i] ?? 0;
    // '0'…'9' are 48…57, 'A'…'F' are 65…70.
    value = value * 16 + (byte < 58 ? byte - 48 : byte - 55);
  }
  return value;
}

function decimalAt(bytes: Buffer, at: number): number {
  let value = 0;
  for (let i = at; ; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < 48 || byte > 57) return value;
    value = value * 10 + byte - 48;
  }
}

/** Where the field `count` fields further begins; fields are set apart by one or more spaces. */
function skipFields(bytes: Buffer, from: number, end: number, count: number): number {
  let at = from;
  for (let field = 0; field < count; field++) {
    while (at < end && bytes[at] !== SPACE) at++;
    while (at < end && bytes[at] === SPACE) at++;
  }
  return at;
}

import { expect, test } from 'vitest';
import { hostOf, parseInspectorEndpoint } from './inspector-port.ts';
import { numberAfter } from './proc-file.ts';
import { parseRollup, parseStatus } from './process-memory.ts';
import { type ProcessEntry, parseStat, selectTree } from './process-tree.ts';
import { isNodeName } from './server-processes.ts';
import { visitRows } from './tcp-table.ts';

test('reads stat of a process whose name has spaces and brackets', () => {
  const text =
    '4711 (a) R (b c) S 17 18 19 0 -1 4194304 1 2 3 4 50 6 7 8 20 0 11 0 987654 1 2 18446744073709551615';
  expect(parseStat(4711, text)).toEqual({
    pid: 4711,
    parentPid: 17,
    groupId: 18,
    sessionId: 19,
    zombie: false,
    cpuMs: 710,
    startTicks: 987654,
  });
  expect(parseStat(4711, text.replace(') S', ') Z')).zombie).toBe(true);
});

test('reads labelled numbers by their whole name', () => {
  const text = 'VmHWMx:\t 1 kB\nVmHWM:\t  2048 kB\nVmRSS:\t1024 kB\nThreads:\t7\nName:\tx\n';
  expect(numberAfter(text, 'VmHWMx')).toBe(1);
  expect(numberAfter(text, 'Name')).toBe(null);
  expect(parseStatus(text)).toEqual({
    rssBytes: 1024 * 1024,
    swapBytes: null,
    peakRssBytes: 2048 * 1024,
    threadCount: 7,
  });
  expect(parseStatus('VmRSS: 1 kB\nVmSwap:\t 3 kB\n')).toEqual({
    rssBytes: 1024,
    swapBytes: 3 * 1024,
    peakRssBytes: null,
    threadCount: null,
  });
  const rollup =
    '564e-7ffd ---p 00000000 00:00 0 [rollup]\nRss: 9 kB\nPss: 3 kB\nPss_Anon: 2 kB\nAnonymous: 1 kB\n';
  expect(parseRollup(rollup)).toEqual({ pssBytes: 3 * 1024, anonymousBytes: 1024 });
  // What is swapped out was not given back.
  expect(parseRollup(`${rollup}Swap: 40 kB\nSwapPss: 20 kB\n`)).toEqual({
    pssBytes: 23 * 1024,
    anonymousBytes: 41 * 1024,
  });
  expect(parseRollup('Rss: 9 kB\n')).toEqual({ pssBytes: null, anonymousBytes: null });
});

test('reads rows of both TCP tables, past the heading', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:A3F9 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12681 1 0000000000000000 100 0 0 10 0',
    '12345: 0100007F:0050 0100007F:C350 08 00000000:00000001 00:00000000 00000000  1000        0 99 1 0000000000000000 20 4 30 10 -1',
    '   2: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:9C40 06 00000000:00000000 03:00000B5C 00000000     0        0 0 3 0000000000000000',
    '   3: torn',
    '',
  ].join('\n');
  const rows: unknown[] = [];
  visitRows(Buffer.from(table), (port, state, inode, addressOf) =>
    rows.push([port, state, inode, addressOf()]),
  );
  expect(rows).toEqual([
    [41977, 'listen', 12681, '0100007F'],
    [80, 'close_wait', 99, '0100007F'],
    [8080, 'time_wait', 0, '00000000000000000000000001000000'],
  ]);
});

test('turns a listening address into one to connect to', () => {
  expect(hostOf('0100007F')).toBe('127.0.0.1');
  expect(hostOf('0500A8C0')).toBe('192.168.0.5');
  expect(hostOf('00000000')).toBe('127.0.0.1');
  expect(hostOf('0'.repeat(32))).toBe('::1');
  expect(hostOf('00000000000000000000000001000000')).toBe('0:0:0:0:0:0:0:1');
  expect(hostOf('0000000000000000FFFF00000100007F')).toBe('0:0:0:0:0:ffff:7f00:1');
});

test('selects the tree, orphans of the group, and zombies by their parent alone', () => {
  const entry = (pid: number, parentPid: number, groupId: number, zombie = false): [number, ProcessEntry] => [
    pid,
    { pid, parentPid, groupId, sessionId: groupId, zombie, cpuMs: 0, startTicks: 0 },
  ];
  const table = new Map([
    entry(1, 0, 1),
    entry(13, 12, 13), // below an orphan, in a group of its own
    entry(12, 1, 10), // orphan
    entry(10, 1, 10), // root
    entry(11, 10, 10),
    entry(14, 10, 10, true), // not waited for by the root
    entry(15, 1, 10, true), // not waited for by process 1
    entry(20, 1, 20), // stranger
  ]);
  const pids = (includeGroup: boolean) => selectTree(table, 10, { includeGroup }).map(({ pid }) => pid);
  expect(pids(true)[0]).toBe(10);
  expect(pids(true).sort()).toEqual([10, 11, 12, 13, 14]);
  expect(pids(false).sort()).toEqual([10, 11, 14]);
  expect(selectTree(table, 99, { includeGroup: true })).toEqual([]);
});

test('knows Node by its exact name: others would die of the signal', () => {
  for (const name of ['node', 'nodejs', 'node24', 'node-24.1.0', 'node-v22.3.0'])
    expect(isNodeName(name)).toBe(true);
  for (const name of ['node_exporter', 'nodemon', 'node-red', 'python3', 'sh', 'bun', '']) {
    expect(isNodeName(name)).toBe(false);
  }
});

test('knows where an inspector opens: each last option counts', () => {
  const at = (host: string, port: number) => ({ host, port });
  expect(parseInspectorEndpoint('node server.js')).toEqual(at('127.0.0.1', 9229));
  expect(parseInspectorEndpoint(' node --inspect server.js')).toEqual(at('127.0.0.1', 9229));
  expect(parseInspectorEndpoint('--inspect-port=23456 node server.js')).toEqual(at('127.0.0.1', 23456));
  expect(parseInspectorEndpoint('--inspect-port=23456 node --inspect-port=23457 w.js')).toEqual(
    at('127.0.0.1', 23457),
  );
  expect(parseInspectorEndpoint('--inspect-port 9333')).toEqual(at('127.0.0.1', 9333));
  expect(parseInspectorEndpoint('--inspect=0.0.0.0 --debug-port=9334')).toEqual(at('127.0.0.1', 9334));
  expect(parseInspectorEndpoint('--inspect-brk=[::1]:9335')).toEqual(at('::1', 9335));
  expect(parseInspectorEndpoint('--inspect-publish-uid=http --no-inspect=7')).toEqual(at('127.0.0.1', 9229));
});

import { median } from '../../harness/verdict/theil-sen.ts';
import { type Column, markdownTable } from '../markdown.ts';
import type { ClientResult } from './clients-section.ts';
import { notRun } from './contenders.ts';
import { baseStreamCount, type Holding, type HoldTimes } from './hold.ts';
import { faults } from './notice.ts';

const bytesPerKib = 1024;
const bytesPerMib = 1024 * 1024;

const figureColumns: Column[] = [
  { title: 'client', align: 'left' },
  { title: 'streams held', align: 'right' },
  { title: 'KiB a stream', align: 'right' },
  { title: 'MiB in all', align: 'right' },
  { title: 'opened a second', align: 'right' },
  { title: 'events a second', align: 'right' },
  { title: 'events received', align: 'right' },
  { title: 'CPU cores', align: 'right' },
  { title: 'µs CPU an event', align: 'right' },
];
const noticeColumns: Column[] = [
  { title: 'client', align: 'left' },
  { title: '429', align: 'left' },
  { title: 'silent close', align: 'left' },
  { title: 'gap', align: 'left' },
];

/** The part of `docs/benchmarks.md` about clients. */
export function renderClients(
  results: ClientResult[],
  { roundCount, times }: { roundCount: number; times: HoldTimes },
): string {
  const measured = results.filter(({ rounds }) => rounds.length > 0);
  const unmeasured = results.filter(({ rounds }) => rounds.length === 0);
  const failures = results.flatMap(({ contender, failures }) =>
    failures.map((failure) => `- ${contender.name}: ${failure}`),
  );
  return [
    `Medians of ${roundCount} ${roundCount === 1 ? 'round' : 'rounds'}; every stream gets one event a second.`,
    markdownTable(figureColumns, [...measured.map(figureRow), ...unmeasured.map(failedRow)]),
    'Whether a client notices what a server does wrong, asked with one stream. *By own code*: the tool hands over the status, the end or the id, and the script of its user has to look at it.',
    markdownTable(noticeColumns, results.map(noticeRow)),
    results.map(description).join('\n'),
    ...(failures.length === 0 ? [] : [`What failed:\n\n${failures.join('\n')}`]),
    `Not run:\n\n${notRun.map(({ name, why }) => `- ${name}: ${why}.`).join('\n')}`,
    explanation(times),
  ].join('\n\n');
}

function figureRow({ contender, basePssBytes, rounds }: ClientResult): string[] {
  const middle = (value: (holding: Holding) => number) => median(rounds.map(value));
  const heldCount = middle((holding) => holding.heldCount);
  const pssBytes = middle((holding) => holding.pssBytes);
  const shares = rounds.map(({ receivedShare }) => receivedShare).filter((share) => share !== null);
  const grownBytes =
    basePssBytes === null ? Number.NaN : (pssBytes - basePssBytes) / (heldCount - baseStreamCount);
  return [
    contender.name,
    `${number(heldCount)} of ${number(middle(({ askedCount }) => askedCount))}`,
    number(grownBytes / bytesPerKib, 1),
    number(pssBytes / bytesPerMib),
    number(middle(({ opensPerSecond }) => opensPerSecond)),
    number(middle(({ window }) => window.eventsPerSecond)),
    shares.length === 0 ? 'not told' : `${number(median(shares) * 100, 1)} %`,
    number(
      middle(({ window }) => window.cpuCores),
      2,
    ),
    number(
      middle(({ window }) => window.cpuMicrosPerEvent),
      1,
    ),
  ];
}

function failedRow({ contender, failures }: ClientResult): string[] {
  return [contender.name, `not measured: ${failures[0] ?? 'no round'}`, ...Array<string>(7).fill('–')];
}

function noticeRow({ contender, noticed }: ClientResult): string[] {
  return [contender.name, ...faults.map((fault) => noticed?.[fault] ?? '–')];
}

function description({ contender: { name, describes }, version }: ClientResult): string {
  return `- ${name}${version === null ? '' : ` (${version})`}: ${describes}.`;
}

function number(value: number, digits = 0): string {
  if (!Number.isFinite(value)) return '–';
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function explanation({ settleMs, windowMs }: HoldTimes): string {
  return `How it is measured: each client is a command of its own, run against a server of its own
(\`bench/peers/server.ts\`, on \`node:net\`), one after the other, in turns of alternating order.

- *Streams held* are those open at the server at the end of the window; *opened a second* is the server's count from
  the first connection to the request that made the most streams. The Node clients have at most 256 connections on the way;
  Gatling, Locust and Artillery are told to start all users within a second.
- *KiB a stream* is what the proportional set size of the whole process tree grew by from ${baseStreamCount} streams to all, by stream.
  Both are read ${settleMs / 1000} s after the last stream was open. No collection is forced: what a runtime has not given back counts.
- *CPU* is user and system time of the tree over ${windowMs / 1000} s; *events a second* is what the server wrote to its streams
  in that time, and *events received* what the client counted of all that was written to it. Gatling's
  simulation misses what comes between its last look and its close.
- A fault is noticed if the client counts it there and not on a stream without it. The *silent close* is a complete
  response without an \`event: close\` before its end; the *gap* is one id that is left out.

What it cannot tell: memory that the kernel keeps for sockets; how fast a tool would be with several processes or
machines; the most that a server could feed a client, as every stream gets one event a second. With more than some 14,000
streams to one address the kernel has to search for a free source port, and *opened a second* is the speed of that search
(19,000 bare sockets: 7.2 of 10.5 s within \`connect\`). Clients that parse events
(hydrotest, \`eventsource\`, Gatling, Locust) do more than those that throw bytes away. The heap of a JVM grows in steps
of its own choosing, so Gatling's memory says little about a single stream. Server and client share the machine.`;
}

/**
 * Connect → first event → abort, as fast as one process can: our raw stream client beside a loop over bare sockets
 * that looks at nothing. Both take turns against the same server, a child process, so the ratio stands also on a
 * machine whose speed varies. Prints cycles a second of either and the ratio.
 *
 *     node bench/streams-churn.ts [cycles a round] [concurrency] [rounds]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { behaviours } from '../harness/streams/behaviours.ts';

const answer =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n' +
  '11\r\nid: 1\ndata: one\n\n\r\n';

/** As little server as possible: it should not be what is measured. */
async function serve(): Promise<void> {
  const server = createServer((socket) => {
    socket.on('data', () => socket.write(answer));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1', 4096);
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.on('disconnect', () => process.exit());
}

type Cycle = () => Promise<void>;

function ourCycle(port: number): Cycle {
  const request = { url: `http://127.0.0.1:${port}/api/events/w-1/stream`, headers: {} };
  return async () => {
    const stream = behaviours['abrupt-drop'].open(request);
    if (!(await stream.firstEvent)) throw new Error('no event');
    stream.end();
    await stream.ended;
  };
}

function bareCycle(port: number): Cycle {
  return () =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', reject);
      socket.once('data', () => socket.resetAndDestroy());
      socket.on('close', () => resolve());
      socket.write(
        'GET /api/events/w-1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n',
      );
    });
}

/** Cycles a second of wall-clock time, and CPU microseconds of this process a cycle. */
async function measure(cycle: Cycle, cycleCount: number, concurrency: number) {
  let left = cycleCount;
  const worker = async (): Promise<void> => {
    while (left-- > 0) await cycle();
  };
  const cpuBefore = process.cpuUsage();
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  const elapsedMs = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  return { perSecond: (cycleCount / elapsedMs) * 1000, cpuMicros: (cpu.user + cpu.system) / cycleCount };
}

async function main(): Promise<void> {
  const [cycleCount = 5_000, concurrency = 50, roundCount = 5] = process.argv.slice(2).map(Number);
  const server = fork(fileURLToPath(import.meta.url), { env: { ...process.env, STREAMS_CHURN_SERVER: '1' } });
  const [port] = (await once(server, 'message')) as [number];
  const cycles = { ours: ourCycle(port), bare: bareCycle(port) };
  for (const cycle of Object.values(cycles)) await measure(cycle, 1_000, concurrency);
  const ratios: number[] = [];
  for (let round = 1; round <= roundCount; round += 1) {
    const bare = await measure(cycles.bare, cycleCount, concurrency);
    const ours = await measure(cycles.ours, cycleCount, concurrency);
    ratios.push(ours.perSecond / bare.perSecond);
    console.log(
      `round ${round}: ours ${ours.perSecond.toFixed(0)}/s (${ours.cpuMicros.toFixed(0)} µs CPU), ` +
        `bare sockets ${bare.perSecond.toFixed(0)}/s (${bare.cpuMicros.toFixed(0)} µs CPU), ` +
        `ratio ${(ours.perSecond / bare.perSecond).toFixed(2)}`,
    );
  }
  const middle = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? Number.NaN;
  console.log(`median ratio ${middle.toFixed(2)} over ${roundCount} rounds of ${cycleCount} cycles`);
  server.disconnect();
}

await (process.env.STREAMS_CHURN_SERVER === '1' ? serve() : main());

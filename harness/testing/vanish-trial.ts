/**
 * Shows on the server's side what a half-open client leaves: run in a network namespace of its own, it prints what it
 * saw as JSON. A client that breaks off does so beside it, as a twin.
 */
import { execFileSync } from 'node:child_process';
import { abruptDrop } from '../streams/abrupt-drop.ts';
import { halfOpen } from '../streams/half-open.ts';
import { tcpEnd } from '../streams/testing/tcp-table.ts';
import { startTestServer } from '../streams/testing/test-server.ts';
import { openSocketCount, until } from '../streams/testing/until.ts';
import { returnVanished, vanishedCount, vanishingUnavailable } from '../streams/vanish.ts';

function routes(): string {
  return execFileSync('ip', ['route', 'show', 'table', 'local', 'type', 'unicast'], {
    encoding: 'utf8',
  }).trim();
}

const server = await startTestServer();
const port = Number(new URL(server.url('/')).port);
const unavailable = await vanishingUnavailable(server.url('/'));
const unavailableElsewhere = await vanishingUnavailable('http://192.0.2.1/');
if (unavailable !== null) {
  console.log(JSON.stringify({ unavailable }));
  process.exit();
}
const byName = server.url('/ticks').replace('127.0.0.1', 'localhost');
const vanishing = [
  halfOpen.open({ url: server.url('/ticks'), headers: {} }),
  halfOpen.open({ url: byName, headers: {} }),
  // What it has not read makes a close a RST where a FIN would do: not even that gets out.
  halfOpen.open({ url: server.url('/flood'), headers: {} }),
];
const dropping = abruptDrop.open({ url: server.url('/ticks'), headers: {} });
for (const stream of [...vanishing, dropping]) await stream.receives(2);
const connections = server.connections.filter((one) => one.clientAddress !== '127.0.0.1');
const twin = server.connections.find((one) => one.clientAddress === '127.0.0.1');
const staying = halfOpen.open({ url: server.url('/ticks'), headers: {} });
await staying.receives(1);

dropping.end();
for (const stream of vanishing) stream.end();
vanishing[0]?.end();
const records = await Promise.all(vanishing.map((stream) => stream.ended));
await until('the twin was seen', () => twin?.end != null);
const ends = () => connections.map((one) => tcpEnd(port, one.clientPort));
await until('the server asks each in vain', () => ends().every((end) => (end?.unansweredCount ?? 0) >= 3));
const { eventCount } = staying;
const wentOn = await staying.receives(eventCount + 3);
const seen = {
  unavailableElsewhere,
  addresses: new Set(connections.map((one) => one.clientAddress)).size,
  records,
  twin: twin?.end,
  vanished: connections.map((one) => one.end),
  states: ends().map((end) => end?.state),
  clientSockets: connections.map((one) => tcpEnd(one.clientPort, port)?.state ?? 'none'),
  routeCount: routes().split('\n').length,
  vanishedCount: vanishedCount(),
  wentOn,
};
await returnVanished();
const routesAfter = routes();
await until('what the server sends then is answered with a RST', () =>
  connections.every((one) => one.end !== null),
);
staying.end();
await staying.ended;
// Left behind on purpose: the process takes its route with it when it exits.
const routesAtEnd = routes().split('\n').length;
await until('only the server’s side of it is left', () => openSocketCount() === 1);
console.log(
  JSON.stringify({ ...seen, routesAfter, endsAfter: connections.map((one) => one.end), routesAtEnd }),
);
process.exit();

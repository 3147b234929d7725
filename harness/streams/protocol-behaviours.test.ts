import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BehaviourName, ProtocolName } from '../model.ts';
import { protocolPlanOf } from '../protocol-options.ts';
import { behaviours } from './behaviours.ts';
import { openStream } from './open-stream.ts';
import { protocols } from './protocols.ts';
import {
  eventCount,
  type ProtocolServer,
  startProtocolServer,
  type Visit,
} from './testing/protocol-servers.ts';
import { openSocketCount, until } from './testing/until.ts';

/** How a behaviour ends its connection by its nature, and whether it gets the server's three events first. */
const natures: Record<BehaviourName, { leaves: 'fin' | 'rst'; reads: 'all' | 'some' | 'nothing' }> = {
  tab: { leaves: 'fin', reads: 'all' },
  'graceful-close': { leaves: 'fin', reads: 'all' },
  'abrupt-drop': { leaves: 'rst', reads: 'all' },
  'drop-before-first-byte': { leaves: 'fin', reads: 'nothing' },
  'drop-mid-event': { leaves: 'rst', reads: 'some' },
  'slow-reader': { leaves: 'rst', reads: 'all' },
  'stalled-reader': { leaves: 'rst', reads: 'some' },
  'request-then-silence': { leaves: 'rst', reads: 'nothing' },
  'half-close': { leaves: 'fin', reads: 'all' },
  'half-open': { leaves: 'rst', reads: 'all' },
  reconnect: { leaves: 'fin', reads: 'all' },
  'reconnect-storm': { leaves: 'fin', reads: 'all' },
  pipelined: { leaves: 'rst', reads: 'all' },
  'http-1.0': { leaves: 'fin', reads: 'all' },
  'keeping-proxy': { leaves: 'fin', reads: 'all' },
  'random-lifetime': { leaves: 'fin', reads: 'all' },
};

/** RFC 9113 §7. */
const INTERNAL_ERROR = 2;
const CANCEL = 8;

/** What the server has to see of it beside the connection's end. */
function goodbye(protocol: ProtocolName, behaviour: BehaviourName): Partial<Visit> {
  const { leaves, reads } = natures[behaviour];
  if (protocol === 'websocket' && reads !== 'nothing') return { closeCode: leaves === 'fin' ? 1000 : 1006 };
  // Of a connection that broke node:http2 says that it was an error of its own.
  if (protocol === 'sse-h2') return { rstCode: leaves === 'fin' ? CANCEL : INTERNAL_ERROR };
  return { closeCode: null, rstCode: null };
}

/** Vanishing needs a network of its own: half-open.test.ts. */
const names = (Object.keys(behaviours) as BehaviourName[]).filter((name) => name !== 'half-open');
const cases = (Object.keys(protocols) as ProtocolName[]).flatMap((protocol) =>
  names.filter((name) => !protocols[protocol].lacks.has(name)).map((name) => [protocol, name] as const),
);

let server: ProtocolServer | null = null;
let idleSocketCount: number;

beforeEach(() => {
  idleSocketCount = openSocketCount();
});

afterEach(async () => {
  await until('no connection is left at the server', () => server?.openCount() === 0);
  await server?.close();
  await until('no socket is left in this process', () => openSocketCount() === idleSocketCount);
});

test.each(cases)('%s, %s: the server sees what the client is to do', async (protocol, behaviour) => {
  server = await startProtocolServer(protocol);
  const { leaves, reads } = natures[behaviour];
  const isPost = protocol === 'sse-post';
  const isWebSocket = protocol === 'websocket';
  const plan = protocolPlanOf({
    protocol,
    ...(isPost && { body: '{"stream":true,"key":"{key}"}' }),
    ...(isWebSocket && { send: 'hello {key}' }),
  });
  const url = `${server.url}${reads === 'nothing' ? '/silent' : '/'}`;
  const stream = openStream(behaviour, {
    url,
    headers: { 'X-Team': 'a' },
    protocol: plan,
    key: 'a"b',
    keepMs: 0,
  });
  const { visits } = server;
  await until('the request is there', () => visits.length > 0);
  if (reads === 'all') expect(await stream.receives(eventCount)).toBe(true);
  if (reads === 'some') expect(await stream.answered).toBe('accepted');
  // Behind what the client says first, so that it is not thrown away with the connection.
  const says = isPost ? '{"stream":true,"key":"a\\"b"}' : isWebSocket && reads === 'all' ? 'hello a"b' : '';
  await until('all was said', () => visits[0]?.body.startsWith(says) === true);
  // node:http answers the end of one direction with the end of the other.
  if (behaviour !== 'half-close') stream.end();
  const record = await stream.ended;
  expect(record).toMatchObject({
    behaviour,
    ending: behaviour === 'half-close' ? 'server-reset' : 'client',
    status: reads === 'nothing' ? null : isWebSocket ? 101 : 200,
    answer: reads === 'nothing' ? null : 'accepted',
    gapCount: 0,
    duplicateCount: 0,
    reconnectCount: 0,
  });
  if (reads === 'all') expect(record.eventCount).toBe(eventCount);
  if (behaviour === 'drop-mid-event') expect(record.eventCount).toBe(0);
  expect(visits.length).toBe(behaviour === 'pipelined' ? 2 : 1);
  const seen = visits[0] as Visit;
  const expected = goodbye(protocol, behaviour);
  await until('the server saw the end', () => seen.socketEnd !== null);
  await until('and what comes with it', () => seen.closeCode !== null || expected.closeCode == null);
  await until('and what comes with it', () => seen.rstCode !== null || expected.rstCode == null);
  expect(seen).toMatchObject({
    method: isPost ? 'POST' : 'GET',
    headers: { 'x-team': 'a' },
    socketEnd: leaves,
    ...expected,
  });
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ProtocolPlan } from '../model.ts';
import { conversationOf, defaultPlan } from './conversation.ts';
import { openStream } from './open-stream.ts';

const plan: ProtocolPlan = {
  ...defaultPlan,
  name: 'websocket',
  replies: { 2: '3' },
  event: { on: 'prefix', value: '42' },
  end: { on: 'data', value: '41' },
  refusals: ['close 4429', 'message 44'],
};

/** What each server does with a client, by its path. */
const servers: Record<string, (socket: WebSocket) => void> = {
  '/full': (socket) => {
    socket.send('0{"sid":"a"}');
    socket.send('44{"message":"full"}');
  },
  '/full-by-code': (socket) => socket.close(4429, 'full'),
  '/room': (socket) => {
    socket.send('0{"sid":"a"}');
    socket.send('40{"sid":"b"}');
    socket.send('42["hello"]');
  },
  '/silent': (socket) => socket.send('0{"sid":"a"}'),
  '/asks': (socket) => {
    socket.on('message', (data) => String(data) === '3' && socket.send('42["alive"]'));
    socket.send('2');
  },
  '/sent-away': (socket) => {
    socket.send('42["hello"]');
    socket.send('44 is no refusal behind an event');
    socket.close(4429, 'too slow');
  },
  '/ends': (socket) => {
    socket.send('42["hello"]');
    socket.send('41');
    socket.close(1000);
  },
};

/** Both kinds of clients: of one connection, and those that come back. */
test.for(['graceful-close', 'reconnect'] as const)('%s', async (behaviour) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, { url = '' }) => servers[url]?.(socket));
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const open = (path: string) =>
    openStream(behaviour, { url: `http://127.0.0.1:${port}${path}`, headers: {}, protocol: plan });
  try {
    const full = open('/full');
    expect(await full.answered).toBe('limited');
    expect(await full.ended).toMatchObject({
      ...{ ending: 'refused', answer: 'limited', error: 'message 44', eventCount: 0 },
    });
    expect(await open('/full-by-code').ended).toMatchObject({
      ...{ ending: 'refused', answer: 'limited', error: 'close 4429' },
    });

    const room = open('/room');
    expect(await room.answered).toBe('accepted');
    expect(await room.receives(1)).toBe(true);
    room.end();
    // Neither the packets before it nor those behind it are events.
    expect(await room.ended).toMatchObject({ ending: 'client', answer: 'accepted', eventCount: 1 });

    // No refusal has come: after a while that is a yes, without any event.
    const silent = open('/silent');
    expect(await silent.answered).toBe('accepted');
    silent.end();
    expect(await silent.ended).toMatchObject({ ending: 'client', eventCount: 0 });

    const asks = open('/asks');
    expect(await asks.receives(1)).toBe(true);
    asks.end();
    await asks.ended;

    expect(await open('/sent-away').ended).toMatchObject({
      ...{ ending: 'server-end', answer: 'accepted', eventCount: 1, closeReason: 'too slow' },
    });
    expect(await open('/ends').ended).toMatchObject({
      ...{ ending: 'server-end', answer: 'accepted', eventCount: 2, closeReason: '41' },
    });
  } finally {
    for (const socket of server.clients) socket.terminate();
    await new Promise((done) => server.close(done));
  }
});

test('the head of an event stream is believed; where a code of JSON-RPC refuses, that stands in another body', () => {
  const { refusesLate, refusesInBody } = conversationOf({
    ...defaultPlan,
    refusals: ['429', 'error -32000'],
  });
  expect({ refusesLate, refusesInBody }).toEqual({ refusesLate: false, refusesInBody: true });
  expect(conversationOf(plan)).toMatchObject({ refusesLate: true, refusesInBody: false });
});

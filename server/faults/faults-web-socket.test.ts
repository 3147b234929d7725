import { describe, expect, test } from 'vitest';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';
import { collectGarbage } from '../testing/collect-garbage.ts';
import { eventLines, startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import { openWebSocket, type WebSocketClient } from '../testing/web-socket-client.ts';
import type { Transport } from '../transport.ts';
import { faults } from './index.ts';

const MiB = 1024 * 1024;

/** What a probe can see from within the process. */
interface Inside {
  requests: WeakRef<object>[];
  transports: WeakRef<Transport>[];
}

interface Probe {
  settings?: Partial<ServerSettings>;
  /** True when the server has the defect. */
  shows(server: TestServer, inside: Inside): Promise<boolean>;
}

const open = (server: TestServer, query = '') => openWebSocket(server.url, 'flow', { query });

async function openFive(server: TestServer): Promise<WebSocketClient[]> {
  const clients = Array.from({ length: 5 }, () => open(server));
  for (const client of clients) expect(await client.answered()).toBe(101);
  return clients;
}

async function openAndDropFive(server: TestServer): Promise<void> {
  for (const { webSocket } of await openFive(server)) webSocket.terminate();
  await until('no stream is open', async () => (await server.health()).openStreams === 0);
}

async function letsTheSixthIn(server: TestServer): Promise<boolean> {
  await openFive(server);
  return (await open(server).answered()) === 101;
}

async function keeps(refs: readonly WeakRef<object>[]): Promise<boolean> {
  await collectGarbage();
  return refs.filter((ref) => ref.deref() !== undefined).length >= refs.length - 1;
}

async function keepsTransports(server: TestServer, { transports }: Inside): Promise<boolean> {
  for (let round = 0; round < 2; round += 1) await openAndDropFive(server);
  expect(transports).toHaveLength(10);
  return keeps(transports);
}

/** Of those in `faults.test.ts`, all but what the events go through before a protocol has to do with them, and `fd-kept`. */
const probes: Record<string, Probe> = {
  'no-limit': { shows: letsTheSixthIn },
  'limit-released-early': { shows: letsTheSixthIn },
  'slot-kept-on-abort': {
    async shows(server) {
      await openAndDropFive(server);
      return (await open(server).answered()) === 429;
    },
  },
  'no-deadline': {
    // The server's own pings are the clock: five of them take longer than the deadline allows.
    settings: { maxDurationMs: 50, heartbeatMs: 40 },
    async shows(server) {
      const client = open(server);
      let pings = 0;
      client.webSocket.on('ping', () => {
        pings += 1;
      });
      await until('the end or five pings', () => client.closing !== null || pings > 5);
      return client.closing === null;
    },
  },
  'deadline-without-close-event': {
    settings: { maxDurationMs: 50 },
    async shows(server) {
      const { code, reason } = await open(server).closed();
      return code === 1006 && reason === '';
    },
  },
  'timer-and-tail-kept': {
    async shows(server, inside) {
      return (await keepsTransports(server, inside)) && (await server.health()).openTails === 1;
    },
  },
  'response-kept': { shows: keepsTransports },
  'listener-kept': { shows: keepsTransports },
  'workflow-key-kept': {
    async shows(server) {
      await openAndDropFive(server);
      return Object.keys((await server.health()).openStreamsByWorkflow).length > 0;
    },
  },
  'no-backpressure': {
    settings: { stallMs: 200 },
    async shows(server, { transports }) {
      server.append('flow', eventLines(20 * 1024, 1024));
      const client = open(server, '?lastEventId=0');
      await client.answered();
      client.webSocket.pause();
      let longestBytes = 0;
      await until('a long queue or the end', () => {
        longestBytes = Math.max(longestBytes, transports[0]?.deref()?.queuedBytes ?? 0);
        return longestBytes > 4 * MiB || server.log.some(({ reason }) => reason === 'slow_consumer');
      });
      client.webSocket.terminate();
      return longestBytes > 4 * MiB;
    },
  },
  'vanished-kept': {
    settings: { heartbeatMs: 40 },
    async shows(server) {
      const deaf = openWebSocket(server.url, 'flow', { autoPong: false });
      expect(await deaf.answered()).toBe(101);
      // The pings of one that answers are the clock: two that are not answered are too many.
      const clock = open(server);
      let pings = 0;
      clock.webSocket.on('ping', () => {
        pings += 1;
      });
      await until('the end or eight pings', () => deaf.closing !== null || pings > 8);
      return deaf.closing === null;
    },
  },
  'rejections-kept': {
    async shows(server, { requests }) {
      await openFive(server);
      for (let n = 0; n < 10; n += 1) expect(await open(server).answered()).toBe(429);
      expect(requests).toHaveLength(10);
      return keeps(requests);
    },
  },
};

async function shows(probe: Probe, change: (parts: ServerParts) => ServerParts): Promise<boolean> {
  const inside: Inside = { requests: [], transports: [] };
  const server = await startServer(probe.settings, (good) => {
    const parts = change(good);
    return {
      ...parts,
      openStream(options) {
        inside.transports.push(new WeakRef(options.transport));
        return parts.openStream(options);
      },
      rejectStream(request, response, rejection) {
        inside.requests.push(new WeakRef(request));
        parts.rejectStream(request, response, rejection);
      },
    };
  });
  try {
    return await probe.shows(server, inside);
  } finally {
    await server.close();
  }
}

test('those that only a WebSocket has are among them', () => {
  const own = faults.filter(({ only }) => only === 'websocket').map(({ name }) => name);
  expect(Object.keys(probes)).toEqual(expect.arrayContaining(own));
});

describe.each(Object.entries(probes))('%s, over WebSocket', (name, probe) => {
  const fault = faults.find((one) => one.name === name);
  test('shows its defect', async () =>
    expect(await shows(probe, (parts) => fault?.apply(parts) ?? parts)).toBe(true));
  // Two defects that show in the same way have one twin.
  const isFirst = Object.values(probes).find((one) => one.shows === probe.shows) === probe;
  if (isFirst)
    test('and the good server does not', async () =>
      expect(await shows(probe, (parts) => parts)).toBe(false));
});

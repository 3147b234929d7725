import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ServerParts } from '../parts.ts';
import type { ServerSettings } from '../settings.ts';
import { collectGarbage } from '../testing/collect-garbage.ts';
import type { RawClient } from '../testing/raw-client.ts';
import { eventLines, startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import type { Transport } from '../transport.ts';
import { describeFaults, faults } from './index.ts';

const MiB = 1024 * 1024;

/** What a probe can see of a server from within its process. */
interface Inside {
  requests: WeakRef<object>[];
  transports: WeakRef<Transport>[];
}

interface Probe {
  settings?: Partial<ServerSettings>;
  /** True when the server has the defect. */
  shows(server: TestServer, inside: Inside): Promise<boolean>;
}

async function openFive(server: TestServer): Promise<RawClient[]> {
  const clients = Array.from({ length: 5 }, () => server.stream('flow'));
  for (const client of clients) expect(await client.answered()).toBe(200);
  return clients;
}

async function allGone(server: TestServer): Promise<void> {
  await until('no stream is open', async () => (await server.health()).openStreams === 0);
}

async function openAndDropFive(server: TestServer): Promise<void> {
  for (const { socket } of await openFive(server)) socket.resetAndDestroy();
  await allGone(server);
}

/** The sixth of six streams is let in. */
async function letsTheSixthIn(server: TestServer): Promise<boolean> {
  await openFive(server);
  return (await server.stream('flow').answered()) === 200;
}

async function keeps(refs: readonly WeakRef<object>[]): Promise<boolean> {
  await collectGarbage();
  return refs.filter((ref) => ref.deref() !== undefined).length >= refs.length - 1;
}

async function keepsResponses(server: TestServer, { transports }: Inside): Promise<boolean> {
  for (let round = 0; round < 4; round += 1) await openAndDropFive(server);
  expect(transports).toHaveLength(20);
  return keeps(transports);
}

async function heldBytes(): Promise<number> {
  await collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const ofEveryProtocol = faults.filter(({ only }) => only === undefined);

const probes: Record<string, Probe> = {
  'no-limit': { shows: letsTheSixthIn },
  'limit-released-early': { shows: letsTheSixthIn },
  'slot-kept-on-abort': {
    async shows(server) {
      await openAndDropFive(server);
      return (await server.stream('flow').answered()) === 429;
    },
  },
  'no-deadline': {
    // The server's own heartbeats are the clock: five of them take longer than the deadline allows.
    settings: { maxDurationMs: 50, heartbeatMs: 40 },
    async shows(server) {
      const client = server.stream('flow');
      await until(
        'the end or five heartbeats',
        () => client.isComplete || client.body.split(': h').length > 5,
      );
      return !client.isComplete;
    },
  },
  'deadline-without-close-event': {
    settings: { maxDurationMs: 50 },
    async shows(server) {
      const client = server.stream('flow');
      await until('the response ends', () => client.isComplete);
      return !client.body.includes('event: close');
    },
  },
  'timer-and-tail-kept': {
    async shows(server, inside) {
      const keptResponses = await keepsResponses(server, inside);
      return keptResponses && (await server.health()).openTails === 1;
    },
  },
  'events-kept': {
    async shows(server) {
      const beforeBytes = await heldBytes();
      server.append('flow', eventLines(20 * 1024, 1024));
      const client = server.client({
        request: 'GET /api/events/flow/stream HTTP/1.1\r\nHost: test\r\nLast-Event-ID: 0\r\n\r\n',
        countOnly: true,
      });
      await until('20 MiB are sent', () => client.receivedBytes > 20 * MiB);
      client.socket.destroy();
      await allGone(server);
      return (await heldBytes()) - beforeBytes > 15 * MiB;
    },
  },
  'response-kept': { shows: keepsResponses },
  'listener-kept': { shows: keepsResponses },
  'workflow-key-kept': {
    async shows(server) {
      await openAndDropFive(server);
      return Object.keys((await server.health()).openStreamsByWorkflow).length > 0;
    },
  },
  'history-kept': {
    async shows(server) {
      server.append('flow', eventLines(40 * 1024, 1024));
      const beforeBytes = await heldBytes();
      const client = server.stream('flow');
      await client.received(`{"n":${40 * 1024 - 1},`);
      return (await heldBytes()) - beforeBytes > 30 * MiB;
    },
  },
  'no-backpressure': {
    settings: { stallMs: 200 },
    async shows(server, { transports }) {
      server.append('flow', eventLines(30 * 1024, 1024));
      const client = server.stream('flow', { 'Last-Event-ID': '0' });
      client.socket.pause();
      let longestBytes = 0;
      await until('a long queue or the end', () => {
        longestBytes = Math.max(longestBytes, transports[0]?.deref()?.queuedBytes ?? 0);
        return longestBytes > 8 * MiB || server.log.some(({ reason }) => reason === 'slow_consumer');
      });
      return longestBytes > 8 * MiB;
    },
  },
  'rejections-kept': {
    async shows(server, { requests }) {
      await openFive(server);
      for (let n = 0; n < 20; n += 1) {
        const client = server.stream('flow');
        expect(await client.answered()).toBe(429);
        client.socket.destroy();
      }
      expect(requests).toHaveLength(20);
      return keeps(requests);
    },
  },
  'fd-kept': {
    async shows(server) {
      const openFds = () => readdirSync('/proc/self/fd').length;
      await openAndDropFive(server); // what is opened once is open now
      const before = openFds();
      for (let round = 0; round < 4; round += 1) await openAndDropFive(server);
      // The descriptors of sockets and tails go a little after their streams.
      return !(await until('all are closed', () => openFds() <= before + 5, 2000).then(
        () => true,
        () => false,
      ));
    },
  },
};

async function shows(name: string, change: (parts: ServerParts) => ServerParts): Promise<boolean> {
  const probe = probes[name];
  if (probe === undefined) throw new Error(`no probe for ${name}`);
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

test('every fault has a probe and says what it breaks and who must catch it', () => {
  // Those of one protocol have theirs in its file.
  expect(ofEveryProtocol.map(({ name }) => name).sort()).toEqual(Object.keys(probes).sort());
  for (const { name, breaks, caughtBy, only } of faults) {
    expect(breaks).toMatch(/^[A-Z].*\.$/);
    expect(describeFaults()).toContain(name);
    expect(describeFaults()).toContain(`${caughtBy.scenario}/${caughtBy.check}`);
    if (only !== undefined) expect(describeFaults()).toContain(`over ${only}`);
  }
});

describe.each(ofEveryProtocol)('$name', ({ name, apply }) => {
  const onLinux = name !== 'fd-kept' || process.platform === 'linux';
  test.runIf(onLinux)('shows its defect', async () => expect(await shows(name, apply)).toBe(true));
  test.runIf(onLinux)('and the good server does not', async () =>
    expect(await shows(name, (parts) => parts)).toBe(false),
  );
});

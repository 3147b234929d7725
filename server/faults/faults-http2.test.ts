import { describe, expect, test } from 'vitest';
import type { ServerParts } from '../parts.ts';
import { openHttp2 } from '../testing/http2-client.ts';
import { startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';
import { faults } from './index.ts';

/** True when the server has the defect. */
type Probe = (server: TestServer) => Promise<boolean>;

const probes: Record<string, Probe> = {
  async 'slot-kept-by-session'(server) {
    const client = openHttp2(server.url);
    const [stays, goes] = [client.stream('flow'), client.stream('flow')];
    for (const stream of [stays, goes]) expect(await stream.answered()).toBe(200);
    goes.stream.close();
    await until('the server has missed it', async () => (await server.health()).openStreams === 1);
    const isFull = (await client.stream('flow').answered()) === 429;
    client.session.destroy();
    // And with the connection the slots come back, whichever server it is.
    await until('all slots are free', async () => {
      const { openStreamsByWorkflow } = await server.health();
      return Object.keys(openStreamsByWorkflow).length === 0;
    });
    return isFull;
  },
};

async function shows(probe: Probe, change: (parts: ServerParts) => ServerParts): Promise<boolean> {
  const server = await startServer({ limit: 2 }, change);
  try {
    return await probe(server);
  } finally {
    await server.close();
  }
}

test('every fault that only HTTP/2 has is looked for', () => {
  const own = faults.filter(({ only }) => only === 'http2').map(({ name }) => name);
  expect(own).toEqual(Object.keys(probes));
});

describe.each(Object.entries(probes))('%s', (name, probe) => {
  const fault = faults.find((one) => one.name === name);
  test('shows its defect', async () =>
    expect(await shows(probe, (parts) => fault?.apply(parts) ?? parts)).toBe(true));
  test('and the good server does not', async () => expect(await shows(probe, (parts) => parts)).toBe(false));
});

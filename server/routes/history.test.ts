import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { storeKinds } from '../settings.ts';
import { getRequest } from '../testing/raw-client.ts';
import { startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';

const servers: TestServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

interface Page {
  events: { id: number; event: { n: number } }[];
  next: string | null;
  prev: string | null;
}

const line = (n: number) => JSON.stringify({ n, type: n % 3 === 0 ? 'third' : 'other', at: n * 1000 });

describe.each(storeKinds)('%s', (store) => {
  let server: TestServer;
  let flow = '';
  let flowCount = 0;
  beforeAll(async () => {
    server = await startServer({ store });
  });
  afterAll(() => server.close());
  beforeEach(() => {
    flowCount += 1;
    flow = `flow-${flowCount}`;
  });

  async function add(from: number, to: number, more = ''): Promise<void> {
    const events = [];
    for (let n = from; n <= to; n += 1) events.push({ line: Buffer.from(more || line(n)) });
    await server.parts.eventStore.append(flow, events);
  }

  const fetchPage = (query = '', headers: Record<string, string> = {}) =>
    fetch(`${server.url}/api/events/${flow}${query}`, { headers });
  async function get(query = ''): Promise<Page & { numbers: number[] }> {
    const response = await fetchPage(query);
    expect(response.status).toBe(200);
    const page = (await response.json()) as Page;
    return { ...page, numbers: page.events.map(({ event }) => event.n) };
  }

  test('the newest events come first, and the pages behind them to the first event of all', async () => {
    await add(1, 25);
    const pages: number[][] = [];
    let cursor = '';
    for (;;) {
      const page = await get(`?limit=10${cursor}`);
      pages.push(page.numbers);
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(pages).toEqual([
      [25, 24, 23, 22, 21, 20, 19, 18, 17, 16],
      [15, 14, 13, 12, 11, 10, 9, 8, 7, 6],
      [5, 4, 3, 2, 1],
    ]);
    expect(await get('?limit=10&direction=newer')).toMatchObject({
      numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      prev: null,
    });
  });

  test('pages stay as they were while events are added, and the way back leads to the new ones', async () => {
    await add(1, 10);
    const first = await get('?limit=4');
    const second = await get(`?limit=4&cursor=${first.next}`);
    await add(11, 16);
    expect(await get(`?limit=4&cursor=${first.next}`)).toEqual(second);
    expect(second.numbers).toEqual([6, 5, 4, 3]);
    const back = await get(`?limit=4&cursor=${second.prev}`);
    expect(back.numbers).toEqual(first.numbers);
    const newer = await get(`?limit=4&cursor=${back.prev}`);
    expect(newer.numbers).toEqual([14, 13, 12, 11]);
    const newest = await get(`?limit=4&cursor=${newer.prev}`);
    expect(newest).toMatchObject({ numbers: [16, 15], prev: null });
    expect((await get(`?limit=4&cursor=${newest.next}`)).numbers).toEqual([14, 13, 12, 11]);
  });

  test.each(['older', 'newer'])(
    'from an empty page at either end there is a way back: %s',
    async (direction) => {
      await add(1, 4);
      const whole = await get(`?limit=4&direction=${direction}`);
      const behind = await get(`?cursor=${whole.next}&limit=4`);
      expect(behind).toMatchObject({ events: [], next: null });
      const again = await get(`?cursor=${behind.prev}&limit=4`);
      expect(again.events).toEqual(whole.events);
      const before = await get(`?cursor=${again.prev}&limit=4`);
      expect(before).toMatchObject({ events: [], prev: null });
      expect((await get(`?cursor=${before.next}&limit=4`)).events).toEqual(whole.events);
    },
  );

  test('filters hold on every page, and an empty workflow is an empty page', async () => {
    expect(await get()).toEqual({ events: [], numbers: [], next: null, prev: null });
    await add(1, 30);
    const query = '?type=third&since=7000&until=1970-01-01T00:00:27Z&limit=4';
    const first = await get(query);
    expect(first.numbers).toEqual([24, 21, 18, 15]);
    const second = await get(`${query}&cursor=${first.next}`);
    expect(second).toMatchObject({ numbers: [12, 9], next: null });
    expect((await get('?type=none')).numbers).toEqual([]);
  });

  test('the ids are those of the stream: who pages back can follow from there', async () => {
    await add(1, 6);
    const { events } = await get('?limit=3');
    const [newest] = events;
    const stream = server.stream(flow, { 'Last-Event-ID': String(newest?.id) });
    await add(7, 7);
    await stream.received(line(7));
    expect(stream.body).not.toContain(line(6));
    const whole = server.stream(flow);
    await whole.received(line(7));
    for (const { id, event } of events) expect(whole.body).toContain(`id: ${id}\ndata: ${line(event.n)}\n`);
  });

  test('the ETag says whether the page is the same, and nothing is sent again that is', async () => {
    await add(1, 8);
    const response = await fetchPage('?limit=5');
    const etag = String(response.headers.get('etag'));
    expect(etag).toMatch(/^"[\w-]{27}"$/);
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    const same = await fetchPage('?limit=5', { 'If-None-Match': `"x", W/${etag}` });
    expect(same.status).toBe(304);
    expect(same.headers.get('etag')).toBe(etag);
    expect(await same.text()).toBe('');
    expect((await fetchPage('?limit=5', { 'If-None-Match': '"x"' })).status).toBe(200);
    expect((await fetchPage('?limit=5', { 'If-None-Match': '*' })).status).toBe(304);
    await add(9, 9);
    const changed = await fetchPage('?limit=5', { 'If-None-Match': etag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(etag);
  });

  test('other content has another ETag, also under the same ids; the same content has the same', async () => {
    const etags: (string | null)[] = [];
    for (const event of ['{"n":1}', '{"n":2}', '{"n":1}']) {
      flow = `${flow}x`;
      await add(1, 1, event);
      etags.push((await fetchPage()).headers.get('etag'));
    }
    const [first, other, same] = etags;
    expect(other).not.toBe(first);
    expect(same).toBe(first);
  });

  test('Link leads to the pages beside it, with all that was asked', async () => {
    await add(1, 9);
    const links = async (path: string) => {
      const response = await fetch(server.url + path);
      const found = [...String(response.headers.get('link')).matchAll(/<([^>]*)>; rel="(\w+)"/g)];
      return Object.fromEntries(found.map(([, target, rel]) => [rel, target]));
    };
    const { next = '' } = await links(`/api/events/${flow}?type=other&limit=2&x=%3E%22`);
    expect(next).toMatch(/^\/api\/events\/flow-\d+\?type=other&limit=2&x=%3E%22&cursor=/);
    const { prev = '' } = await links(next);
    const page = (await (await fetch(server.url + prev)).json()) as Page;
    expect(page.events.map(({ event }) => event.n)).toEqual([8, 7]);
  });

  test('HEAD has the head of the page', async () => {
    await add(1, 3);
    const head = await fetch(`${server.url}/api/events/${flow}`, { method: 'HEAD' });
    const page = await fetchPage();
    for (const name of ['etag', 'content-length', 'link', 'content-type']) {
      expect(head.headers.get(name)).toBe(page.headers.get(name));
    }
    expect(Number(head.headers.get('content-length'))).toBe(Buffer.byteLength(await page.text()));
  });

  test('a page of some MiB comes whole, in both directions and on the way back', async () => {
    await add(1, 30, JSON.stringify({ n: 0, filler: 'é'.repeat(30_000) }));
    for (const query of ['?limit=20', '?limit=20&direction=newer']) {
      const response = await fetchPage(query);
      const text = await response.text();
      expect(Buffer.byteLength(text)).toBe(Number(response.headers.get('content-length')));
      const page = JSON.parse(text) as Page;
      expect(page.events).toHaveLength(20);
      const ids = page.events.map(({ id }) => id);
      expect(ids).toEqual(ids.toSorted((a, b) => (query.endsWith('newer') ? a - b : b - a)));
      const second = await get(`${query}&cursor=${page.next}`);
      const back = await get(`${query}&cursor=${second.prev}`);
      expect(back.events).toEqual(page.events);
    }
  });

  test('what is archived is no page any more, and an id in it goes on at the first live event', async () => {
    await add(1, 10);
    const old = await get('?limit=3&direction=newer');
    await server.parts.eventStore.archiveOlderThan(6000);
    expect((await get()).numbers).toEqual([10, 9, 8, 7, 6]);
    expect((await get(`?limit=2&cursor=${old.next}`)).numbers).toEqual([6, 7]);
    const stream = server.stream(flow, { 'Last-Event-ID': String(old.events[0]?.id) });
    await stream.received(line(10));
    expect(stream.body).not.toContain('event: reset');
    expect(stream.body).not.toContain(line(5));
    expect(stream.body).toContain(line(6));
  });
});

async function start(...settings: Parameters<typeof startServer>): Promise<TestServer> {
  const server = await startServer(...settings);
  servers.push(server);
  return server;
}

describe('a wrong value is 400 and says what is allowed', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server.close());

  test.each([
    ['limit=0', 'limit is a whole number from 1 to 1000'],
    ['limit=1001', 'limit is a whole number from 1 to 1000'],
    ['limit=1e2', 'limit is'],
    ['limit=', 'limit is'],
    ['direction=up', 'direction is older'],
    ['since=yesterday', 'since is milliseconds since 1970, or a date'],
    ['since=2026-01-01T12:00', 'since is'],
    ['until=2026-13-01', 'until is'],
    ['since=2000&until=2000', 'since has to be a moment before until'],
    ['type=', 'type is'],
    ['cursor=', 'cursor is'],
    ['cursor=abc', 'cursor is'],
    [`cursor=${Buffer.from('1on99999999999999999').toString('base64url')}`, 'cursor is'],
    [`direction=newer&cursor=${Buffer.from('1on5').toString('base64url')}`, 'direction has to be that of'],
  ])('%s', async (query, error) => {
    const response = await fetch(`${server.url}/api/events/flow?${query}`);
    expect(response.status).toBe(400);
    const answer = (await response.json()) as { error: string };
    expect(answer.error).toContain(error);
  });

  test.each([
    'since=2026-01-01',
    'since=2026-01-01T12:00:00.5%2B02:00',
    'until=2026-01-01T12:00Z',
    'since=0',
    '_=1',
  ])('%s is right', async (query) => {
    expect((await fetch(`${server.url}/api/events/flow?${query}`)).status).toBe(200);
  });

  test('a workflow id that is none', async () => {
    expect((await fetch(`${server.url}/api/events/%2e%2e%2fx`)).status).toBe(400);
  });
});

describe('readers', () => {
  const filler = `${JSON.stringify({ filler: 'x'.repeat(100_000) })}\n`.repeat(200);
  const whole = getRequest('/api/events/flow?limit=200&direction=newer');

  test('for a slow one no more is read than it takes, and it gets all when it goes on', async () => {
    let readCount = 0;
    const server = await start({}, (parts) => ({
      ...parts,
      eventStore: {
        ...parts.eventStore,
        async *read(...args) {
          for await (const event of parts.eventStore.read(...args)) {
            readCount += 1;
            yield event;
          }
        },
      },
    }));
    server.append('flow', filler);
    const slow = server.client({ request: whole, countOnly: true });
    slow.socket.once('data', () => slow.socket.pause());
    // Once for its length, and again as it is sent.
    await until('it has begun', () => readCount > 200);
    let counts: number[] = [];
    await until('it stands still', () => {
      counts = [...counts, readCount].slice(-40);
      return counts.length === 40 && counts[0] === readCount;
    });
    // What the kernel holds for a connection is far below the page.
    expect(readCount).toBeLessThan(390);
    slow.socket.resume();
    await until('all of it is there', () => slow.receivedBytes > 20e6);
  });

  test('too many at once are told to come again, and the places of those who left are free', async () => {
    const server = await start({ maxHistoryReaders: 2 });
    server.append('flow', filler);
    const readers = [1, 2].map(() => server.client({ request: whole, countOnly: true }));
    for (const { socket } of readers) socket.pause();
    const ask = () => fetch(`${server.url}/api/events/flow?limit=1`, { method: 'HEAD' });
    await until('there is no room', async () => (await ask()).status === 503);
    expect((await ask()).headers.get('retry-after')).toBe('1');
    for (const { socket } of readers) socket.destroy();
    await until('there is room', async () => (await ask()).status === 200);
  });

  test('one that takes nothing is ended', async () => {
    const server = await start({ maxHistoryReaders: 1, vanishedMs: 200 });
    server.append('flow', filler);
    const stuck = server.client({ request: whole, countOnly: true });
    stuck.socket.pause();
    const ask = () => fetch(`${server.url}/api/events/flow?limit=1`, { method: 'HEAD' });
    await until('it has its place', async () => (await ask()).status === 503);
    await until('its place is free', async () => (await ask()).status === 200);
    stuck.socket.destroy();
  });
});

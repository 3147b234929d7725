import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { storeKinds } from '../settings.ts';
import { startServer, type TestServer } from '../testing/start-server.ts';
import { until } from '../testing/until.ts';

const ndjson = { 'Content-Type': 'application/x-ndjson' };
const json = { 'Content-Type': 'application/json' };

interface Answer {
  status: number;
  ids?: number[];
  duplicates?: number;
  error?: string;
}

async function post(
  server: TestServer,
  body: string | Buffer,
  headers: Record<string, string> = ndjson,
  workflowId = 'flow',
): Promise<Answer> {
  const target = `${server.url}/api/events/${workflowId}`;
  const response = await fetch(target, { method: 'POST', body: body as never, headers });
  return { status: response.status, ...((await response.json()) as object) };
}

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
  const send = (body: string | Buffer, headers: Record<string, string>) => post(server, body, headers, flow);
  async function stored(): Promise<string[]> {
    const lines: string[] = [];
    const all = { limit: 1000, direction: 'newer', from: null } as const;
    for await (const { line } of server.parts.eventStore.read(flow, all)) lines.push(line.toString());
    return lines;
  }

  test('lines become events, stored before the answer, which has their ids', async () => {
    const stream = server.stream(flow);
    const answer = await send('{"n":1}\n\n[2]\r\n"3"', ndjson);
    expect(answer).toEqual({ status: 201, ids: [8, 12, 16], duplicates: 0 });
    expect(await stored()).toEqual(['{"n":1}', '[2]', '"3"']);
    await stream.received('id: 16\ndata: "3"\n\n');
    expect(stream.body).toContain('id: 8\ndata: {"n":1}\n\nid: 12\ndata: [2]\n\n');
  });

  test('JSON of several lines becomes one, with the same value to the last digit', async () => {
    const body = '{\n  "n": 12345678901234567890.10,\r\n  "text": "a\\nb"\n}\n';
    expect(await send(body, { 'Content-Type': 'application/json; charset=UTF-8' })).toMatchObject({
      status: 201,
    });
    const [line] = await stored();
    expect(line?.replaceAll(/ +/g, ' ').trim()).toBe('{ "n": 12345678901234567890.10, "text": "a\\nb" }');
  });

  test('a request that is sent again with its key stores nothing more, and gets the same ids', async () => {
    const headers = { ...ndjson, 'Idempotency-Key': 'the-first' };
    const body = '{"n":1}\n{"n":1}\n';
    const answers = await Promise.all([send(body, headers), send(body, headers)]);
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 201]);
    expect(answers[0].ids).toEqual(answers[1].ids);
    // What was cut off before its end is told from what is new.
    expect(await send(`${body}{"n":3}\n`, headers)).toMatchObject({ status: 201, duplicates: 2 });
    expect(await send(body, { ...ndjson, 'Idempotency-Key': 'the-second' })).toMatchObject({ duplicates: 0 });
    expect(await stored()).toEqual(['{"n":1}', '{"n":1}', '{"n":3}', '{"n":1}', '{"n":1}']);
  });

  test('a line that is wrong is named, and nothing of its request is stored', async () => {
    const wrong: [string | Buffer, Record<string, string>, number, string][] = [
      ['{"n":1}\n\n{"n":', ndjson, 400, 'line 3 is not one JSON text'],
      [Buffer.from([0x22, 0xff, 0x22]), ndjson, 400, 'line 1 is not one JSON text in UTF-8'],
      ['\r\n\n', ndjson, 400, 'no event'],
      ['', ndjson, 400, 'no event'],
      ['', json, 400, 'the event is not'],
      ['{"n":1}\n{"n":2}', json, 400, 'the event is not'],
      [`1\n"${'x'.repeat(1024 * 1024)}"\n`, ndjson, 413, 'line 2 is longer than 1048576 bytes'],
      ['1\n'.repeat(1001), ndjson, 413, 'at most 1000 events'],
    ];
    for (const [body, headers, status, error] of wrong) {
      const answer = await send(body, headers);
      expect(answer.status).toBe(status);
      expect(answer.error).toContain(error);
    }
    expect(await stored()).toEqual([]);
    expect(await send('1\n'.repeat(1000), ndjson)).toMatchObject({ status: 201 });
  });
});

describe('what is not taken', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer({ maxBodyBytes: 100_000 });
  });
  afterAll(() => server.close());

  test.each([
    ['text, as a page of another site may send it', { 'Content-Type': 'text/plain' }, 415],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
    ['another charset', { 'Content-Type': 'application/json; charset=latin1' }, 415],
    ['what is compressed', { ...json, 'Content-Encoding': 'gzip' }, 415],
    ['a key with blanks', { ...json, 'Idempotency-Key': 'a b' }, 400],
    ['an empty key', { ...json, 'Idempotency-Key': '' }, 400],
    ['a key that is too long', { ...json, 'Idempotency-Key': 'x'.repeat(256) }, 400],
  ])('%s', async (_what, headers, status) => {
    expect(await post(server, '{}', headers as never)).toMatchObject({ status });
  });

  test('a workflow id that is none; another method; a body for those that take none', async () => {
    expect(await post(server, '{}', json, '.hidden')).toMatchObject({ status: 400 });
    const put = await fetch(`${server.url}/api/events/flow`, { method: 'PUT', body: '{}' });
    expect(put.status).toBe(405);
    expect(put.headers.get('allow')).toBe('GET, HEAD, POST');
    const preflight = await fetch(`${server.url}/api/events/flow`, { method: 'OPTIONS' });
    expect(preflight.status).toBe(405);
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const client = server.client({
      request: 'GET /api/events/flow HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n',
    });
    expect(await client.answered()).toBe(413);
  });

  const head = (headers: string) =>
    `POST /api/events/flow HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n${headers}\r\n\r\n`;

  test('a body that is too long: by its length without reading it, or where it becomes so', async () => {
    const announced = server.client({ request: head('Content-Length: 100001\r\nExpect: 100-continue') });
    await announced.closed();
    expect(announced.text).toMatch(/^HTTP\/1\.1 413 /);
    const chunked = server.client({ request: head('Transfer-Encoding: chunked') });
    for (let n = 0; n < 11; n += 1) chunked.send(`2710\r\n${' '.repeat(10_000)}\r\n`);
    await chunked.closed();
    expect(chunked.status).toBe(413);
  });

  test('who asks before is told to send', async () => {
    const client = server.client({ request: head('Content-Length: 2\r\nExpect: 100-continue') });
    await client.received('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('{}');
    await client.received('HTTP/1.1 201 Created');
  });
});

describe('under attack', () => {
  const servers: TestServer[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) await server.close();
  });
  async function start(...settings: Parameters<typeof startServer>): Promise<TestServer> {
    const server = await startServer(...settings);
    servers.push(server);
    return server;
  }
  const begin = (bytes: number) =>
    `POST /api/events/flow HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: ${bytes}\r\n\r\n`;

  test('a slow body is cut, and nothing of it is stored', async () => {
    const server = await start({ bodyTimeoutMs: 100 });
    const slow = server.client({ request: `${begin(100)}{"n":1}` });
    await slow.closed();
    expect(slow.status).toBe(408);
    expect(slow.body).toContain('within 100 ms');
    expect(await post(server, '{"n":2}')).toMatchObject({ status: 201, ids: [8] });
  });

  test('bodies that do not end are held up to a bound, others get 503, and the room comes back', async () => {
    const server = await start({ maxHeldBodyBytes: 1_000_000 });
    const greedy = Array.from({ length: 4 }, () =>
      server.client({ request: `${begin(400_000)}${' '.repeat(300_000)}` }),
    );
    const refused = () => greedy.filter(({ status }) => status === 503);
    await until('one or two are refused', () => refused().length > 0);
    // A small one finds no room only while the large ones stand there.
    const small = server.client({ request: `${begin(2)}{}` });
    await small.answered();
    for (const { socket } of greedy) socket.destroy();
    await until('there is room', async () => (await post(server, ' '.repeat(900_000), json)).status === 400);
    expect(await post(server, '{"n":1}')).toMatchObject({ status: 201 });
  });

  test('who announces much and sends nothing keeps nobody out', async () => {
    const server = await start({ maxHeldBodyBytes: 1_000_000 });
    const idle = Array.from({ length: 100 }, () => server.client({ request: `${begin(1_000_000)}{` }));
    await until('all are connected', () => idle.every(({ socket }) => !socket.connecting));
    expect(await post(server, `"${'x'.repeat(500_000)}"`)).toMatchObject({ status: 201 });
    expect(idle.every(({ status }) => status === null)).toBe(true);
  });

  test('a client that leaves in the middle stores nothing', async () => {
    const server = await start();
    const gone = server.client({ request: `${begin(9)}{"n":1}` });
    await until('it is connected', () => !gone.socket.connecting);
    gone.socket.destroy();
    expect(await post(server, '{"n":2}')).toMatchObject({ ids: [8] });
    expect(readFileSync(join(server.dir, 'flow', 'events.jsonl'), 'utf8')).toBe('{"n":2}\n');
  });

  test.each([
    ['ENOSPC', 507],
    ['busy', 503],
    ['EIO', 500],
  ])('what the store refuses with %s is %i, and is logged', async (code, status) => {
    const server = await start({}, (parts) => ({
      ...parts,
      eventStore: {
        ...parts.eventStore,
        append: () => Promise.reject(Object.assign(new Error(code), { code })),
      },
    }));
    expect(await post(server, '{}', json)).toMatchObject({ status });
    expect(server.log).toMatchObject([{ msg: status === 500 ? 'request failed' : 'events not stored' }]);
  });
});

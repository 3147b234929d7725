import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { flood } from './flood.ts';
import { openRoutes } from './streams/reach.ts';
import { until } from './waiting.ts';

const { signal } = new AbortController();
const ENOUGH_MS = 30_000;
let server: Server | null = null;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function connectionCount(): Promise<number> {
  return new Promise((resolve) => {
    if (server === null) resolve(0);
    else server.getConnections((_, count) => resolve(count));
  });
}

afterEach(async () => {
  // The flood has closed what it opened: nothing is left to break off.
  expect(await until(async () => (await connectionCount()) === 0, ENOUGH_MS, signal)).toBe(true);
  server?.close();
  server = null;
});

describe('flood', () => {
  it('goes by names to where this run may go, and nowhere else', async () => {
    const load = { count: 20, connections: 2, headers: {} };
    let requestCount = 0;
    const local = await serve((_, response) => {
      requestCount++;
      response.end();
    });
    const url = local.replace('127.0.0.1', 'flooded.test');
    const close = openRoutes({ 'flooded.test': ['127.0.0.1'] });
    expect(await flood(url, load, signal)).toMatchObject({ statuses: { 200: 20 }, errorCount: 0 });
    close();
    // Of no machine: a system refuses to open a TCP connection to it.
    const elsewhere = await flood(local.replace('127.0.0.1', '224.0.0.1'), load, signal);
    expect(elsewhere.statuses).toEqual({});
    expect(elsewhere.errorCount).toBeGreaterThan(0);
    expect(requestCount).toBe(20);
  });

  it('counts every answer, and sends the headers', async () => {
    const seen = new Set<unknown>();
    let requestCount = 0;
    const url = await serve((request, response) => {
      requestCount++;
      seen.add(request.headers['x-token']);
      response.writeHead(429, { 'Retry-After': '5' }).end('{"error":"full"}');
    });
    const result = await flood(url, { count: 400, connections: 10, headers: { 'X-Token': 'me' } }, signal);
    expect(result).toMatchObject({
      plannedCount: 400,
      statuses: { 429: 400 },
      errorCount: 0,
      timeoutCount: 0,
    });
    expect(result.latencyMs.max).toBeGreaterThanOrEqual(result.latencyMs.p99);
    expect(result.latencyMs.p99).toBeGreaterThanOrEqual(result.latencyMs.p50);
    expect(requestCount).toBe(400);
    expect([...seen]).toEqual(['me']);
  });

  it.each([1, 7])('makes exactly %i requests over more connections than that', async (count) => {
    const url = await serve((_, response) => response.end('ok'));
    const result = await flood(url, { count, connections: 10, headers: {} }, signal);
    expect(result.statuses).toEqual({ 200: count });
  });

  it('counts every answer of a server that closes its connections', async () => {
    const url = await serve((_, response) => response.writeHead(429, { Connection: 'close' }).end('full'));
    const result = await flood(url, { count: 100, connections: 10, headers: {} }, signal);
    expect(result).toMatchObject({ statuses: { 429: 100 }, errorCount: 0, timeoutCount: 0 });
  });

  it('tells one status from another', async () => {
    let n = 0;
    const url = await serve((_, response) => response.writeHead(n++ % 10 === 0 ? 500 : 429).end());
    const { statuses } = await flood(url, { count: 100, connections: 5, headers: {} }, signal);
    expect(statuses).toEqual({ 429: 90, 500: 10 });
  });

  it('ends when every connection is broken, and counts no answer', async () => {
    const url = await serve((request) => request.socket.destroy());
    const result = await flood(url, { count: 2000, connections: 5, headers: {} }, signal);
    // autocannon connects again and counts no error: that answers are missing is all that tells.
    expect(result).toMatchObject({ plannedCount: 2000, statuses: {} });
  });

  it('counts a server that is not there', async () => {
    const url = await serve(() => {});
    server?.close();
    server = null;
    const result = await flood(url, { count: 20, connections: 2, headers: {} }, signal);
    expect(result.statuses).toEqual({});
    expect(result.errorCount).toBeGreaterThan(0);
  });

  it('gives up a request that was let in and never ends, and does not count it as refused', async () => {
    let letIn = 1;
    const url = await serve((_, response) => {
      if (letIn-- > 0) response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      else response.writeHead(429).end();
    });
    const { statuses, errorCount, timeoutCount } = await flood(
      url,
      { count: 20, connections: 2, headers: {} },
      signal,
    );
    expect(timeoutCount + errorCount + (statuses['200'] ?? 0)).toBeGreaterThan(0);
    expect(statuses['429'] ?? 0).toBeLessThan(20);
  });

  it('stops on abort, with its reason', async () => {
    const controller = new AbortController();
    let requestCount = 0;
    const url = await serve(() => void requestCount++);
    const flooding = flood(url, { count: 100, connections: 4, headers: {} }, controller.signal);
    const rejected = expect(flooding).rejects.toThrow('Ctrl-C');
    expect(await until(() => requestCount === 4, ENOUGH_MS, signal)).toBe(true);
    controller.abort(new Error('Ctrl-C'));
    await rejected;
  });

  it('does not begin when it was aborted before', async () => {
    let requestCount = 0;
    const url = await serve(() => void requestCount++);
    const aborted = AbortSignal.abort(new Error('Ctrl-C'));
    await expect(flood(url, { count: 1, connections: 1, headers: {} }, aborted)).rejects.toThrow('Ctrl-C');
    expect(requestCount).toBe(0);
  });
});

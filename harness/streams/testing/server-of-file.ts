import { afterAll, afterEach, beforeAll } from 'vitest';
import { startTestServer, type TestServer } from './test-server.ts';
import { openSocketCount, until } from './until.ts';

interface Request {
  url: string;
  headers: Record<string, string>;
}

export interface FileServer<Name, Wanted, Stream> {
  readonly server: TestServer;
  /** A stream of this behaviour to a path of the server, unless `options` has another URL. */
  open(behaviour: Name, path: string, options?: Partial<Wanted>): Stream;
}

/** A test server for a test file: behind each test no connection and no socket is left, or the test fails. */
export function serverOfFile<Name extends string, Wanted extends Request, Stream>(
  behaviours: Record<Name, { open(request: Wanted): Stream }>,
  options: Parameters<typeof startTestServer>[0] = {},
): FileServer<Name, Wanted, Stream> {
  let server: TestServer;
  let idleSocketCount: number;
  beforeAll(async () => {
    idleSocketCount = openSocketCount();
    server = await startTestServer(options);
  });
  afterEach(async () => {
    await until('no connection is left at the server', async () => (await server.openCount()) === 0);
    await until('no socket is left in this process', () => openSocketCount() === idleSocketCount);
    server.connections.length = 0;
  });
  afterAll(() => server.close());
  return {
    get server() {
      return server;
    },
    open(behaviour, path, more = {}) {
      const request: Request = { url: server.url(path), headers: {} };
      return behaviours[behaviour].open({ ...request, ...more } as Wanted);
    },
  };
}

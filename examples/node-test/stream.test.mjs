// With node:test. Jest and Mocha are used in the same way: the functions need no test runner.
import test from 'node:test';
import { assertPasses, holdStreams } from 'hydrotest';

const target = { command: 'node server.mjs', url: 'http://127.0.0.1:{port}/' };

test('100 streams are held', { timeout: 120_000 }, async ({ signal }) => {
  assertPasses(await holdStreams(target, { streams: 100, duration: '1s', mix: 'graceful-close', signal }));
});

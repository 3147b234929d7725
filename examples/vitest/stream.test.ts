import 'hydrotest/vitest';
import { expect, test } from 'vitest';

const target = { command: 'node server.mjs', url: 'http://127.0.0.1:{port}/' };

// Each path is measured until its rate is decided, some 10 s: Vitest's own 5 s are too short.
const timeout = 120_000;

test('100 streams are held', { timeout }, async () => {
  await expect(target).toHoldStreams({ streams: 100, duration: '1s', mix: 'graceful-close' });
});

test('clients that drop leave nothing behind', { timeout }, async () => {
  await expect(target).toReleaseEverything({ paths: ['abrupt-drop'] });
});

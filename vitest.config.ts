import { defineConfig } from 'vitest/config';

/**
 * Files whose results depend on a quiet machine, that listen where an inspector opens by default, or drive a browser: one at a time, so that
 * none is in another's way.
 */
const alone = [
  'harness/browser/**/*.test.ts',
  'harness/events/events-command.test.ts',
  'harness/open-target.test.ts',
  'harness/probes/{node-heap,server-processes}.test.ts',
  'reports/html-browser.test.ts',
  'server/memory.test.ts',
  'server/page/**/*.test.ts',
  'test/{attach,ci,compare,hold}.test.ts',
  'test/*browser.test.ts',
];

const common = {
  pool: 'forks' as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...common,
          name: 'parts',
          include: ['{server,harness,scenarios,reports,bench,test}/**/*.test.ts'],
          exclude: ['**/node_modules/**', 'reports/out/**', ...alone],
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...common,
          name: 'runs',
          include: alone,
          exclude: ['**/node_modules/**', 'reports/out/**'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

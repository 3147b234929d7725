import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{server,harness,scenarios,reports,bench,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'reports/out/**'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

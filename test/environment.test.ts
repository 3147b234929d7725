/** What of the surroundings changes figures is said where a run is reported. Load of the machine's other work is not looked at. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import type { EnvironmentWarning, Report } from '../harness/model.ts';
import { boxTest, EVENTS_URL, NODE, REPO, shown } from './support/cli.ts';

const TARGET = `'${join(REPO, 'test/targets/better-sse-express.mjs')}'`;
const RUN = ['run', '--scenarios', 'limit', '--limit', '3', '--url', EVENTS_URL];

/** Warnings that depend on how a target was started, and on nothing else. */
const OF_TARGET = ['heap-limit', 'allocator', 'runtime-flags', 'node-env'];

const ofTarget = (report: Report | null): EnvironmentWarning[] =>
  report?.environment.warnings.filter(({ warning }) => OF_TARGET.includes(warning)) ?? [];

/** A box's environment, without what the machine that tests may have set. */
const PLAIN = { NODE_ENV: '', MALLOC_ARENA_MAX: '', GLIBC_TUNABLES: '', LD_PRELOAD: '' };

describe.concurrent('surroundings', () => {
  boxTest.skipIf(process.platform !== 'linux')(
    'a target with tuned memory: on the terminal, in JSON, HTML and Markdown',
    async ({ box }) => {
      const command = `MALLOC_ARENA_MAX=2 NODE_ENV=test exec ${NODE} --max-old-space-size=64 --expose-gc ${TARGET}`;
      const result = await box.run([...RUN, '--command', command], { env: PLAIN });
      const { report, runFolder } = result;
      expect(report?.scenarios[0]?.outcome, shown(result)).toBe('fail');
      expect(ofTarget(report), shown(result)).toMatchObject([
        { warning: 'heap-limit', scenarios: ['limit'], seen: expect.stringContaining('a heap of 67 MB') },
        { warning: 'allocator', seen: expect.stringContaining('MALLOC_ARENA_MAX=2') },
        { warning: 'runtime-flags', seen: expect.stringContaining('--expose-gc') },
        { warning: 'node-env', seen: expect.stringContaining('NODE_ENV=test') },
      ]);
      const [html, markdown] = ['report.html', 'report.md'].map((name) =>
        readFileSync(join(runFolder ?? '', name), 'utf8'),
      );
      for (const text of [result.stdout, html, markdown]) {
        expect(text).toContain('Surroundings that change figures');
        for (const title of ['heap limit', 'allocator', 'runtime flags', 'node env'])
          expect(text).toContain(title);
      }
      expect(html).toContain('MALLOC_ARENA_MAX=2');
    },
  );

  boxTest('a plain target: none of these, and the same outcome', async ({ box }) => {
    const result = await box.run([...RUN, '--command', `${NODE} ${TARGET}`], { env: PLAIN });
    expect(result.report?.scenarios[0]?.outcome, shown(result)).toBe('fail');
    expect(result.report?.environment.targets).toHaveLength(1);
    expect(ofTarget(result.report)).toEqual([]);
    expect(result.stdout).not.toMatch(/MALLOC_ARENA_MAX|^! (?:heap limit|allocator|runtime flags|node env)/m);
  });
});

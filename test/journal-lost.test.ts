import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME } from '../harness/journal.ts';
import { boxTest, findRun, shown } from './support/cli.ts';
import { fillUp, smallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';

const LONG_HOLD = ['run', '--scenarios', 'tabs', '--duration', '10m'];

async function holdsTabs(outDir: string): Promise<string> {
  let run: string | null = null;
  await until('ten streams are open', () => {
    run = findRun(outDir);
    const path = join(run ?? '', JOURNAL_NAME);
    return run !== null && existsSync(path) && readFileSync(path, 'utf8').includes('"openStreamCount":10,');
  });
  return run ?? '';
}

describe.concurrent('a journal that cannot be written any more', () => {
  boxTest(
    'the disk is full: said at once, stopped, and judged from what was measured',
    async ({ box, skip, onTestFinished }) => {
      const disk = smallDisk(onTestFinished);
      if ('lack' in disk) return skip(disk.lack);
      const outDir = join(disk.path, 'out');
      const cli = box.start([...LONG_HOLD, '--out', outDir], { out: false });
      const folder = await holdsTabs(outDir);
      fillUp(disk.path);
      await cli.printed(/the journal .*journal\.ndjson cannot be written: ENOSPC.*Stopping/s);
      const result = await cli.ended;
      expect(result.code, shown(result)).toBe(3);
      expect(result.stdout).toContain('INVALID');
      expect(result.stdout).toContain('cannot be written: ENOSPC');
      // The readings that were taken are shown, although the file lacks some of them.
      expect(result.stdout).toMatch(/10 streams/);
      expect(result.stderr).toMatch(/the report html could not be made: ENOSPC/);
      expect(result.stderr).not.toContain('The journal is whole');
      expect(existsSync(join(folder, 'data'))).toBe(false);

      rmSync(join(disk.path, 'filler'));
      const again = await box.run(['report', folder], { out: false });
      expect(again.code, shown(again)).toBe(3);
      expect(again.stdout).toContain('did not come to its end');
    },
  );

  boxTest(
    'its folder is removed: said at once, stopped, and judged from what was measured',
    async ({ box }) => {
      const cli = box.start(LONG_HOLD);
      const folder = await holdsTabs(box.outDir);
      rmSync(folder, { recursive: true });
      await cli.printed(
        /the journal .*journal\.ndjson is gone: somebody removed, moved or changed it.*Stopping/s,
      );
      const result = await cli.ended;
      expect(result.code, shown(result)).toBe(3);
      expect(result.stdout).toContain('INVALID');
      expect(result.stdout).toContain('is gone');
      expect(result.report?.complete).toBe(false);
      expect(result.report?.scenarios[0]?.streamCount).toBeGreaterThanOrEqual(10);
    },
  );

  boxTest('there is no room for it from the start', async ({ box, skip, onTestFinished }) => {
    const disk = smallDisk(onTestFinished);
    if ('lack' in disk) return skip(disk.lack);
    const outDir = join(disk.path, 'out');
    mkdirSync(outDir);
    fillUp(disk.path);
    const result = await box.run([...LONG_HOLD, '--out', outDir], { out: false });
    expect(result.code, shown(result)).toBe(3);
    expect(result.stderr).toContain('cannot be written: ENOSPC');
    expect(result.stdout).toContain('INVALID');
    const [run = ''] = readdirSync(outDir);
    const again = await box.run(['report', join(outDir, run)], { out: false });
    expect(again.code, shown(again)).toBe(3);
    expect(again.stderr).toContain('is empty: the run was ended, or its disk was full');
  });
});

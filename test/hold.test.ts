import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { JOURNAL_NAME, readJournal } from '../harness/journal.ts';
import { behaviours } from '../harness/streams/behaviours.ts';
import { type Box, boxTest, EVENTS_URL, findRun, shown, targetCommand } from './support/cli.ts';
import { findingsOf, notPassed, reportOf } from './support/findings.ts';
import { killProcess } from './support/processes.ts';
import { startReferenceServer } from './support/reference-server.ts';
import { until } from './support/until.ts';

const SIXTY = ['run', '--scenarios', 'hold', '--streams', '60', '--workers', '2'];

/** A server that lets in so many, whatever their key, and refuses the others. */
const limited = (limit: number) => [
  '--command',
  `${targetCommand('misfit.mjs')} limit ${limit}`,
  '--url',
  EVENTS_URL,
];

const workersOf = (box: Box) => box.processes().filter(({ command }) => command.includes('load/worker'));

/** Resolves when the run holds its sixty streams. */
async function holdsSixty(box: Box): Promise<void> {
  await until('sixty streams are held', () => {
    const path = join(findRun(box.outDir) ?? '', JOURNAL_NAME);
    return existsSync(path) && readFileSync(path, 'utf8').includes('"heldCount":60,');
  });
}

describe.concurrent('a load that is held', () => {
  boxTest('passes on the reference server: all of it, in order, by two workers', async ({ box }) => {
    const result = await box.run([...SIXTY, '--duration', '3s', '--lifetime', '2s']);
    expect(result.code, shown(result)).toBe(0);
    expect(notPassed(result)).toEqual([]);
    const { scenarios } = reportOf(result);
    expect(scenarios.map(({ scenario }) => scenario)).toEqual(['hold']);
    const evidence = Object.fromEntries(
      findingsOf(result).map((finding) => [finding.check, finding.evidence]),
    );
    expect(evidence['load-held']).toMatchObject({
      plannedCount: 60,
      refusedCount: 0,
      lostCount: 0,
      fedGapCount: 0,
      fedDuplicateCount: 0,
    });
    expect(evidence['generator-health']).toMatchObject({ workerCount: 2 });
    const [record] = readJournal(join(result.runFolder ?? '', JOURNAL_NAME)).scenarios;
    if (record === undefined) throw new Error('the journal has no scenario');
    // What the workers told is all there: each stream that was started has ended in somebody's books.
    const tallied = record.tallies.filter(({ phase }) => phase !== 'warm-up');
    const count = tallied.reduce((sum, { streamCount }) => sum + streamCount, 0);
    expect(count).toBeGreaterThanOrEqual(record.loads.at(-1)?.startedCount ?? Number.NaN);
    expect(tallied.reduce((sum, { fedEventCount }) => sum + fedEventCount, 0)).toBeGreaterThan(0);
    expect(record.timings.length).toBeGreaterThan(0);
    expect(record.held.map(({ moment }) => moment)).toEqual(['empty', 'held']);
    expect(box.processes()).toEqual([]);
  });

  boxTest('is made of clients of every kind that this machine can play', async ({ box }) => {
    const kinds = Object.keys(behaviours).filter((name) => name !== 'half-open');
    const options = ['--streams', '80', '--duration', '7s', '--lifetime', '4s', '--mix', kinds.join(',')];
    const result = await box.run(['run', '--scenarios', 'hold', ...options]);
    expect(result.code, shown(result)).toBe(0);
    const [scenario] = reportOf(result).scenarios;
    expect(scenario?.timings.map(({ behaviour }) => behaviour).toSorted()).toEqual(kinds.toSorted());
    expect(box.processes()).toEqual([]);
  });

  boxTest('comes as arrivals, in stages', async ({ box }) => {
    const stages = ['run', '--scenarios', 'hold', '--stages', '1s:40/s,2s:40/s', '--lifetime', '500ms'];
    const result = await box.run(stages);
    expect(result.code, shown(result)).toBe(0);
    const held = findingsOf(result).find(({ check }) => check === 'load-held');
    // Half of 40 on the ramp, and 80 behind it.
    expect(held?.evidence).toMatchObject({ plannedCount: 100 });
    expect(held?.reason).toContain('streams came as planned');
  });
});

describe.concurrent('a load that does not come about', () => {
  boxTest('fails where the server refuses what was asked for', async ({ box }) => {
    const result = await box.run([...SIXTY, '--duration', '3s', ...limited(20)]);
    expect(result.code, shown(result)).toBe(1);
    expect(notPassed(result)).toContain('fail: hold/load-held');
    const held = findingsOf(result).find(({ check }) => check === 'load-held');
    expect(held?.reason).toMatch(/streams were refused \(\d+ × 429\), with 60 to be held/);
  });

  boxTest('decides nothing where nobody asked for it', async ({ box }) => {
    const result = await box.run(['run', '--scenarios', 'hold', '--duration', '3s', ...limited(20)]);
    expect(result.code, shown(result)).toBe(3);
    const held = findingsOf(result).find(({ check }) => check === 'load-held');
    expect(held?.outcome).toBe('inconclusive');
    expect(held?.reason).toContain('say with --streams how many it is to hold');
  });

  boxTest('is invalid when a worker is killed in the middle, and says so', async ({ box }) => {
    const cli = box.start([...SIXTY, '--duration', '10m']);
    await holdsSixty(box);
    const workers = workersOf(box);
    expect(workers).toHaveLength(2);
    killProcess(workers[0]?.pid as number);
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { verdict } = reportOf(result);
    expect(verdict.outcome).toBe('invalid');
    expect(verdict.reason).toMatch(/worker process [12] was ended by SIGKILL in the middle of its work/);
    expect(box.processes()).toEqual([]);
  });

  boxTest('is invalid when its events cannot be written, at once', async ({ box }) => {
    const target = ['--command', targetCommand('better-sse-express.mjs'), '--url', `${EVENTS_URL}?key={key}`];
    const result = await box.run([
      ...SIXTY,
      '--duration',
      '10m',
      ...target,
      '--events-file',
      '/dev/null/{key}',
    ]);
    expect(result.code, shown(result)).toBe(3);
    expect(reportOf(result).verdict.reason).toContain('/dev/null');
  });

  boxTest('is not begun where there is no room for it, with the remedy', async ({ box }) => {
    const result = await box.run([
      ...['run', '--scenarios', 'hold', '--streams', '9000000', '--workers', '1', '--lifetime', 'none'],
      ...limited(20),
    ]);
    expect(result.code, shown(result)).not.toBe(0);
    expect(result.stdout + result.stderr).toContain(
      'there is no room for this load: 9,000,000 streams need more',
    );
    expect(result.stdout + result.stderr).toContain('use --workers');
  });
});

describe.concurrent('stopping a load', () => {
  boxTest('Ctrl-C ends its workers in order, and reports what they had seen', async ({ box }) => {
    const cli = box.start([...SIXTY, '--duration', '10m']);
    await holdsSixty(box);
    cli.signal('SIGINT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    const { verdict, scenarios } = reportOf(result);
    expect(verdict.reason).toContain('SIGINT');
    expect(scenarios[0]?.streamCount).toBeGreaterThanOrEqual(60);
    expect(box.processes()).toEqual([]);
  });

  boxTest('Ctrl-C waits for clients that take their time to leave', async ({ box }) => {
    const server = await startReferenceServer(box);
    const url = `http://127.0.0.1:${server.port}/api/events/{key}/stream`;
    // It runs on, so that nothing but their own time ends the connections of the proxies: 2 s.
    const attached = ['--pid', String(server.pid), '--url', url, '--limit', '5'];
    const proxies = ['--duration', '10m', '--mix', 'keeping-proxy', '--lifetime', 'none'];
    const cli = box.start([...SIXTY, ...proxies, ...attached]);
    await holdsSixty(box);
    cli.signal('SIGINT');
    const result = await cli.ended;
    expect(result.code, shown(result)).toBe(3);
    expect(reportOf(result).scenarios[0]?.streamCount).toBeGreaterThanOrEqual(60);
    expect(workersOf(box)).toEqual([]);
    expect(await server.stop()).toBe(0);
  });

  boxTest('kill -9 takes the workers along', async ({ box }) => {
    const cli = box.start([...SIXTY, '--duration', '10m']);
    await holdsSixty(box);
    expect(workersOf(box)).toHaveLength(2);
    killProcess(cli.pid);
    await cli.ended;
    await box.allGone();
  });
});

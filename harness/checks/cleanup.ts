import type { Check, ProcessReading } from '../model.ts';

/**
 * Once everything is closed, file descriptors, sockets and child processes are back at the level before. These are exact
 * counts, so there is no tolerance; the run has waited and looked again until they came back or it gave up.
 */
export const cleanup: Check = (scenario) => {
  const before = scenario.levels.find(({ moment }) => moment === 'before');
  const after = scenario.levels.findLast(({ moment }) => moment === 'after');
  const finding = { check: 'cleanup', scenario: scenario.scenario, subject: '' } as const;
  const counts = before === undefined || after === undefined ? [] : compare(before.reading, after.reading);
  const evidence = {
    ...Object.fromEntries(
      counts.flatMap(({ name, was, is }) => [
        [`${name}BeforeCount`, was],
        [`${name}AfterCount`, is],
      ]),
    ),
    waitedMs: after?.waitedMs ?? null,
  };
  const known = counts.filter(({ was, is }) => was !== null && is !== null);
  if (before === undefined || after === undefined || known.length < counts.length) {
    const missing = counts.filter((count) => !known.includes(count)).map(({ name }) => name);
    const reason = `the counters could not be read${missing.length > 0 ? ` (${missing.join(', ')})` : ''}: what is left behind is not known`;
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  if (before.reading.processCount < 1 || after.reading.processCount < 1) {
    const reason = 'no process was there to count: what it would have left behind is not known';
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  // A process that serves has descriptors open.
  if (before.reading.fdCount === 0 || after.reading.fdCount === 0) {
    const reason = 'not a single file descriptor was counted: what is left behind is not known';
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  const endedMs = scenario.phases.find(({ phase }) => phase === 'clean-up')?.elapsedMs;
  if (after.elapsedMs <= before.elapsedMs || after.elapsedMs < (endedMs ?? after.elapsedMs)) {
    const reason =
      'the counters were not read again once everything was closed: what is left behind is not known';
    return [{ ...finding, outcome: 'invalid', reason, evidence }];
  }
  const left = counts.filter(({ was, is }) => (is as number) > (was as number));
  if (left.length > 0) {
    const list = left.map(({ label, was, is }) => `${label} ${was} → ${is}`).join(', ');
    const reason = `${((after.waitedMs ?? 0) / 1000).toFixed(0)} s after the last stream was closed, not everything had come back: ${list}`;
    return [{ ...finding, outcome: 'fail', reason, evidence }];
  }
  const list = counts.map(({ label, is }) => `${is} ${label}`).join(', ');
  return [
    { ...finding, outcome: 'pass', reason: `everything came back to the level before: ${list}`, evidence },
  ];
};

interface Count {
  name: string;
  label: string;
  was: number | null;
  is: number | null;
}

function compare(before: ProcessReading, after: ProcessReading): Count[] {
  return [
    { name: 'fd', label: 'file descriptors', was: before.fdCount, is: after.fdCount },
    { name: 'socket', label: 'sockets', was: socketCount(before), is: socketCount(after) },
    { name: 'process', label: 'processes', was: before.processCount, is: after.processCount },
  ];
}

function socketCount(reading: ProcessReading): number | null {
  return reading.sockets === null
    ? null
    : Object.values(reading.sockets).reduce((sum, count) => sum + count, 0);
}

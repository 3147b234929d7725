import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { parseOptions } from './options.ts';
import { defaultSettings } from './settings.ts';

test('without options everything has its default', () => {
  expect(parseOptions([])).toEqual({
    port: 8080,
    host: '127.0.0.1',
    logLevel: 'info',
    fault: null,
    listFaults: false,
    settings: defaultSettings,
  });
});

test('seconds become milliseconds, and units bytes', () => {
  const args =
    '--max-duration 0.5 --heartbeat 2 --max-queue 512KiB --max-queues 2MiB --retry 10 --recent 0 --limit 1 --port 0';
  const { settings, port } = parseOptions(args.split(' '));
  expect(port).toBe(0);
  expect(settings).toMatchObject({
    maxDurationMs: 500,
    heartbeatMs: 2000,
    maxQueueBytes: 524_288,
    maxQueuesBytes: 2_097_152,
    retryMs: 10,
    recentEvents: 0,
    limit: 1,
  });
  expect(parseOptions(['--retain', '0.5']).settings.retainDays).toBe(0.5);
  expect(parseOptions(['--store', 'sqlite']).settings.store).toBe('sqlite');
  expect(parseOptions(['--fault', 'fd-kept']).fault?.name).toBe('fd-kept');
});

describe('a wrong value is one line with the option, the value and the remedy, and exit code 2', () => {
  test.each([
    ['--port', '70000', 'whole number from 0 to 65535'],
    ['--limit', '0', 'whole number from 1'],
    ['--limit', '1.5', 'whole number from 1'],
    ['--max-duration', 'forever', 'seconds from 0.001 to 2147483'],
    ['--max-duration', '9999999', 'seconds from 0.001 to 2147483'],
    ['--heartbeat', '0', 'seconds from 0.001'],
    ['--max-queue', '1MB', '512KiB or 1MiB'],
    ['--max-queues', '0', '512KiB or 1MiB'],
    ['--retry', 'soon', 'whole number from 0'],
    ['--recent', '-1', 'whole number from 0'],
    ['--retain', 'long', 'days from 0 to 36500'],
    ['--log-level', 'loud', 'info'],
    ['--store', 'redis', 'jsonl, sqlite'],
    ['--fault', 'gremlin', '--list-faults'],
    ['--tls-cert', 'no-such-file.pem', 'cannot be read'],
    ['--tls-key', 'package.json', 'not PEM'],
    ['--colour', 'red', '--colour'],
  ])('%s %s', (option, value, remedy) => {
    let thrown: unknown;
    try {
      parseOptions([option, value]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CommanderError);
    const { exitCode, message } = thrown as CommanderError;
    expect(exitCode).toBe(2);
    expect(message).toContain(option);
    expect(message).toContain(remedy);
    if (option !== '--colour') expect(message).toContain(`'${value}'`);
    expect(message).not.toContain('\n');
  });
});

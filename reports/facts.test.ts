import { describe, expect, test } from 'vitest';
import { evidenceFacts, factLabel, factValue } from './facts.ts';
import { finding } from './testing/sample-findings.ts';
import { leak } from './testing/sample-leaks.ts';

describe('facts', () => {
  test.each([
    ['peakRssBytes', 83_400_000, 'peak RSS', '83.4 MB'],
    ['openStreamCount', 12_000, 'open streams', '12,000'],
    ['acceptedCount', 5, 'accepted', '5'],
    ['retryCount', 2, 'retries', '2'],
    ['processCount', 2, 'processes', '2'],
    ['closeWaitMs', 1500, 'close wait', '1.5 s'],
    ['landedRatio', 0.984, 'landed ratio', '0.98'],
    ['limit', 5, 'limit', '5'],
    ['p99LatencyMs', 8.4, 'p99 latency', '8.4 ms'],
    ['heapBytes', null, 'heap', 'not measured'],
    ['endedProperly', false, 'ended properly', 'no'],
    ['closeReason', 'max_duration', 'close reason', 'max_duration'],
    ['endedByServerCount', 3, 'ended by server', '3'],
    ['pid', 21_052, 'PID', '21052'],
    ['Count', 1, 'count', '1'],
  ])('%s: %s', (key, value, label, text) => {
    expect([factLabel(key), factValue(key, value)]).toEqual([label, text]);
  });

  test('a leak without a rate says that it was not measured, never 0', () => {
    const facts = evidenceFacts(
      leak('churn', 'abrupt drop', 'connection', 'invalid', [null, null, null], 10),
    );
    expect(facts).toContainEqual({ label: 'leak rate', value: 'not measured' });
    expect(facts).toContainEqual({ label: '99 % interval', value: 'not measured' });
  });

  test('values from outside are cleaned', () => {
    const facts = evidenceFacts(
      finding('cleanup', 'orphans', '', { lastOutput: '\u001b[31mred\u0000\u202e' }),
    );
    expect(facts).toEqual([{ label: 'last output', value: 'red' }]);
  });
});

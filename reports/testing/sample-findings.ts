/** Findings as the checks leave them: of every check that passes, and leak rates in every state. */
import type { Facts, Finding, Outcome } from '../../harness/model.ts';
import { lateRelease, leak } from './sample-leaks.ts';
import { MB, type shapes } from './sample-scenarios.ts';

type PlainFinding = Exclude<Finding, { check: 'memory-leak' }>;

export function finding(
  check: PlainFinding['check'],
  scenario: string,
  reason: string,
  evidence: Facts,
  outcome: Outcome = 'pass',
  subject = '',
): PlainFinding {
  return { check, scenario, subject, outcome, reason, evidence };
}

const budget = (scenario: string, peakRssBytes: number) =>
  finding(
    'memory-budget',
    scenario,
    `The process tree peaked at ${Math.round(peakRssBytes / 1e5) / 10} MB of a budget of 500 MB.`,
    {
      peakRssBytes,
      budgetBytes: 500 * MB,
      sampleCount: 30,
    },
  );

export type Findings = Record<keyof typeof shapes, Finding[]>;

export function passingFindings(): Findings {
  return {
    tabs: [
      budget('tabs', 67.7 * MB),
      finding(
        'streams-held',
        'tabs',
        'All 10 streams were open from the first event to the end of the hold.',
        {
          heldCount: 10,
          plannedCount: 10,
          shortestHoldMs: 24_112,
        },
      ),
      finding('event-integrity', 'tabs', 'No event is missing and none came twice in 620.', {
        eventCount: 620,
        gapCount: 0,
        duplicateCount: 0,
      }),
    ],
    limit: [
      finding('connection-limit', 'limit', 'Of 20 streams at once 5 were let in and 15 refused with 429.', {
        acceptedCount: 5,
        rejectedCount: 15,
        limitCount: 5,
        retryAfter: '2',
      }),
      finding('slots-released', 'limit', 'All 5 slots came back 38 ms after the streams were closed.', {
        reopenedCount: 5,
        waitedMs: 38,
      }),
    ],
    timeout: [
      finding(
        'timeout-close',
        'timeout',
        '5 streams got the close event max_duration_exceeded 4 to 11 ms after the deadline.',
        {
          deadlineMs: 4000,
          latestCloseMs: 4011.3,
          closeReason: 'max_duration_exceeded',
          endedProperly: true,
        },
      ),
    ],
    churn: [
      leak('churn', 'graceful close', 'connection', 'stable', [-3.1, 0.42, 3.9], 640),
      leak('churn', 'abrupt drop', 'connection', 'stable', [-2.2, 1.7, 5.4], 640),
      leak('churn', 'drop before the first byte', 'connection', 'bounded', [-8.4, 6.2, 21.7], 640, {
        shape: 'bend',
        plateauBytes: 412_000,
      }),
      lateRelease('churn'),
      finding('load-landed', 'churn', '24,960 of 24,960 connections did what they were meant to.', {
        plannedCount: 24_960,
        landedCount: 24_960,
        landedRatio: 1,
      }),
      finding(
        'controls',
        'churn',
        'A planted leak of 512 B a connection was found as 508 B, and idle cycles grew by 3 B.',
        {
          plantedPerConnectionBytes: 512,
          foundPerConnectionBytes: 508.4,
          idleGrowthBytes: 3.1,
          ownFootprintBytes: 0,
        },
      ),
    ],
    reject: [
      leak('reject', 'rejection', 'rejection', 'stable', [-0.8, 0.1, 0.9], 2000),
      finding('rejections', 'reject', 'All 26,000 requests over the limit were refused with 429.', {
        plannedCount: 26_000,
        status429Count: 26_000,
        errorCount: 0,
        p99LatencyMs: 8.4,
      }),
    ],
    growth: [
      budget('growth', 93.7 * MB),
      finding(
        'responsiveness',
        'growth',
        'The page answered within 41 ms at the 99th percentile while the file grew.',
        {
          p50LatencyMs: 2.1,
          p99LatencyMs: 41.2,
          maxLatencyMs: 88,
          requestCount: 1200,
        },
      ),
    ],
    history: [
      finding(
        'history-cost',
        'history',
        'The first event came after 6.1 ms with 1 GB of history and 5.8 ms with 1 MB.',
        {
          smallFirstEventMs: 5.8,
          largeFirstEventMs: 6.1,
          largeFileBytes: 1000 * MB,
          extraRssBytes: 1.9 * MB,
        },
      ),
    ],
    orphans: [
      finding(
        'cleanup',
        'orphans',
        'File descriptors and sockets were back to the level before after 210 ms.',
        {
          fdBeforeCount: 24,
          fdAfterCount: 24,
          closeWaitCount: 0,
          waitedMs: 210,
          heapBytes: null,
        },
      ),
      finding('target-alive', 'orphans', 'The target ran to the end.', { exitCode: null }),
    ],
  };
}

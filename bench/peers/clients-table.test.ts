import { expect, test } from 'vitest';
import type { ClientResult } from './clients-section.ts';
import { renderClients } from './clients-table.ts';
import type { Holding } from './hold.ts';
import { bareSockets, ours, undici } from './node-clients.ts';

const MiB = 1024 * 1024;
const times = { settleMs: 2_000, windowMs: 5_000 };

function holding(opensPerSecond: number, receivedShare: number | null): Holding {
  return {
    askedCount: 1_034,
    heldCount: 1_034,
    opensPerSecond,
    pssBytes: 60 * MiB,
    window: { eventsPerSecond: 1_034, cpuCores: 0.125, cpuMicrosPerEvent: 12.34 },
    receivedShare,
  };
}

const measured: ClientResult = {
  contender: ours,
  version: 'Node 24.0.0',
  basePssBytes: 50 * MiB,
  rounds: [holding(9_000, 1), holding(1_000, 1), holding(5_000, 0.5)],
  noticed: { refusal: 'yes', 'silent-close': 'yes', gap: 'yes' },
  failures: [],
};

test('a row holds medians, and memory by stream beyond the few of the base', () => {
  const text = renderClients([measured], { roundCount: 3, times });
  // 10 MiB for 1,034 - 10 streams.
  expect(text).toContain(
    '| hydrotest | 1,034 of 1,034 | 10.0 | 60 | 5,000 | 1,034 | 100.0 % | 0.13 | 12.3 |',
  );
  expect(text).toContain('| hydrotest | yes | yes | yes |');
});

test('what a client does not tell is no number', () => {
  const untold: ClientResult = {
    ...measured,
    contender: bareSockets,
    basePssBytes: null,
    rounds: [holding(10, null)],
  };
  expect(renderClients([untold], { roundCount: 1, times })).toContain(
    '| bare sockets | 1,034 of 1,034 | – | 60 | 10 | 1,034 | not told | 0.13 | 12.3 |',
  );
});

test('a client that could not be installed is a row that says so', () => {
  const missing: ClientResult = {
    contender: undici,
    version: null,
    basePssBytes: null,
    rounds: [],
    noticed: null,
    failures: ['installing: npm install failed: npm error code E404'],
  };
  const text = renderClients([measured, missing], { roundCount: 3, times });
  expect(text).toContain('| undici | not measured: installing: npm install failed: npm error code E404 |');
  expect(text).toContain('| undici | – | – | – |');
  expect(text).toContain('- k6 with xk6-sse: ');
});

import { describe, expect, test } from 'vitest';
import { readArtillery } from './artillery.ts';
import { readAutocannon } from './autocannon.ts';
import type { ChildOutput } from './contender.ts';
import { readGatling } from './gatling/gatling.ts';
import { readClientReport } from './node-clients.ts';

// Outputs as recorded from the versions that the bench installs; long tables are cut.

function output(stdout: string, { code = 0, stderr = '' }: Partial<ChildOutput> = {}): ChildOutput {
  return { code, stdout, stderr };
}

describe('clients that print a line of JSON', () => {
  test('the line is the report', () => {
    expect(
      readClientReport(output('{"eventCount": 17000, "closeCount": 0, "gapCount": 1, "refusalCount": 4}\n')),
    ).toEqual({ eventCount: 17_000, closeCount: 0, gapCount: 1, refusalCount: 4 });
  });

  test('what a client does not tell stays untold', () => {
    const line = '{"eventCount":null,"refusalCount":0,"closeCount":0,"gapCount":null}\n';
    expect(readClientReport(output(line))).toMatchObject({ eventCount: null, gapCount: null, closeCount: 0 });
  });

  test('an end without a report is an error with its last line', () => {
    expect(() =>
      readClientReport(output('', { code: 1, stderr: 'Traceback\nOSError: too many open files\n' })),
    ).toThrow('no report, exit code 1: OSError: too many open files');
  });
});

describe('autocannon', () => {
  const result = (statusCodeStats: string) =>
    output(
      `{"url":"http://127.0.0.1:46571/full","connections":1,"duration":3.01,"errors":0,"timeouts":0,"non2xx":3,"2xx":0,"4xx":3,"statusCodeStats":${statusCodeStats},"requests":{"total":3,"sent":4}}\n`,
    );

  test('refusals are counted by their status', () => {
    expect(readAutocannon(result('{"429":{"count":3}}'))).toEqual({
      eventCount: null,
      refusalCount: 3,
      closeCount: null,
      gapCount: null,
    });
  });

  test('other statuses are no refusals', () => {
    expect(readAutocannon(result('{"200":{"count":3}}')).refusalCount).toBe(0);
    expect(readAutocannon(result('{}')).refusalCount).toBe(0);
  });

  test('no result is an error', () => {
    expect(() => readAutocannon(output('', { code: null }))).toThrow('no result, exit code null');
  });
});

describe('Gatling', () => {
  const rule = '='.repeat(120);
  const refused = `Simulation HoldStreams started...

${rule}
2026-11-25 02:50:18 GMT                                                                               0s elapsed
---- Requests -----------------------------------------------------------------------|---Total---|-----OK----|----KO----
> Global                                                                             |     1,204 |         0 |     1,204
> open                                                                               |     1,204 |         0 |     1,204
---- Errors ------------------------------------------------------------------------------------------------------------
> i.g.h.a.s.SseInvalidStatusException: Server returned http response with code 429                        1,204   (100%)

---- hold --------------------------------------------------------------------------------------------------------------
[###############################################################################################################]   100%
          waiting:         0 / active:         0  / done:     1,204
${rule}

{"eventCount":0,"gapCount":0}
`;
  const clean = `Simulation HoldStreams started...

${rule}
2026-11-25 02:50:29 GMT                                                                               3s elapsed
---- Requests -----------------------------------------------------------------------|---Total---|-----OK----|----KO----
> Global                                                                             |         2 |         2 |         0
> open                                                                               |         1 |         1 |         0
> close                                                                              |         1 |         1 |         0

---- hold --------------------------------------------------------------------------------------------------------------
[###############################################################################################################]   100%
          waiting:         0 / active:         0  / done:         1
${rule}

{"eventCount":6,"gapCount":1}
`;

  test('refusals are counted from its errors', () => {
    expect(readGatling(output(refused))).toEqual({
      eventCount: 0,
      refusalCount: 1_204,
      closeCount: 0,
      gapCount: 0,
    });
  });

  test('a run without errors has none, and events and gaps are those of the simulation', () => {
    expect(readGatling(output(clean))).toEqual({
      eventCount: 6,
      refusalCount: 0,
      closeCount: 0,
      gapCount: 1,
    });
  });

  test('another error than a refusal counts as a close', () => {
    const closed = refused.replace(
      'i.g.h.a.s.SseInvalidStatusException: Server returned http response with code 429                        1,204   (100%)',
      'j.i.IOException: Premature close                                                                              3  (0.25%)',
    );
    expect(readGatling(output(closed))).toMatchObject({ refusalCount: 0, closeCount: 3 });
  });

  test('a run that did not come to its end is an error', () => {
    const stderr =
      'Exception in thread "main" java.lang.IllegalArgumentException: Missing simulation class\n';
    expect(() => readGatling(output('', { code: 1, stderr }))).toThrow('Missing simulation class');
  });
});

describe('Artillery', () => {
  const period = (code: number, count: number) => `--------------------------------------
Metrics for period to: 02:56:20(+0000) (width: 0.991s)
--------------------------------------

http.codes.${code}: ................................................................ ${count}
http.request_rate: ............................................................. 100/sec
vusers.created: ................................................................ 100

`;

  test('refusals are counted by their status', () => {
    expect(readArtillery(output(period(429, 100))).refusalCount).toBe(100);
  });

  test('a report without refusals tells that there were none', () => {
    expect(readArtillery(output(period(200, 100))).refusalCount).toBe(0);
  });

  test('interrupted before its first report, it tells nothing', () => {
    expect(readArtillery(output('Test run id: tp3xh\n', { code: 130 })).refusalCount).toBe(null);
  });
});

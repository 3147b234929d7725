/**
 * A cheap slice of `npm run protocols`: servers that nobody here wrote, one for each protocol and preset, whose limit is looked at, and
 * who are met by clients of all kinds. Leaks take longer: they and their twins are in the bench.
 */
import { describe, expect } from 'vitest';
import { protocolCases } from '../bench/protocols/cases.ts';
import { trialArgs } from '../bench/protocols/run-trial.ts';
import { boxTest, shown } from './support/cli.ts';
import { findingsOf, notPassed } from './support/findings.ts';

/** They wait for one another's processes on a busy machine. */
const RUN_MS = 240_000;

const args = (name: string, what: string, scenarios: string) => {
  const one = protocolCases.find((each) => each.name === name);
  const trial = one?.trials.find((each) => each.what === what);
  if (one === undefined || trial === undefined) throw new Error(`there is no trial "${what}" of ${name}`);
  return trialArgs(one, { ...trial, args: [...trial.args, '--scenarios', scenarios] });
};

describe.concurrent('servers of other people’s libraries', () => {
  const refusals: [name: string, refusal: string][] = [
    ['socket-io', 'message 44'],
    ['mcp-sdk', 'error -32000'],
    ['graphql-yoga', '429'],
    ['fastify-ndjson', '429'],
  ];
  for (const [name, refusal] of refusals) {
    boxTest(
      `${name}: its limit holds, and it refuses as it is told`,
      { timeout: RUN_MS },
      async ({ box }) => {
        const result = await box.run(args(name, 'limit', 'limit'));
        expect(result.code, shown(result)).toBe(0);
        expect(notPassed(result)).toEqual([]);
        const limits = findingsOf(result).filter(({ check }) => check === 'connection-limit');
        expect(limits).toHaveLength(2);
        for (const { reason } of limits) expect(reason).toMatch(new RegExp(`and \\d+ got ${refusal}$`));
        expect(findingsOf(result).filter(({ check }) => check === 'slots-released')).toHaveLength(3);
      },
    );
  }

  boxTest('aimock: answers that end by themselves are not lost', { timeout: RUN_MS }, async ({ box }) => {
    const result = await box.run(args('aimock', 'held', 'tabs'));
    expect(result.code, shown(result)).toBe(0);
    const held = findingsOf(result).find(({ check }) => check === 'streams-held');
    expect(held?.reason).toBe('10 of 10 streams came to their end, none was cut off before');
  });

  boxTest(
    'twin: socket-io, of which a smaller limit was promised, fails',
    { timeout: RUN_MS },
    async ({ box }) => {
      const result = await box.run(args('socket-io', 'a limit of one less is promised', 'limit'));
      expect(result.code, shown(result)).toBe(1);
      expect(notPassed(result)).toEqual([
        'fail: limit/connection-limit (burst, then abrupt drop)',
        'fail: limit/connection-limit (burst, then graceful close)',
      ]);
    },
  );
});

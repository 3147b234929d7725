import { expect, test } from 'vitest';
import { faultOf } from './oracles.ts';
import { fuzz } from './run.ts';

test('mutated responses are read alike however they are cut, without a fault', async () => {
  const { caseCount, nodeCount, failures } = await fuzz({ seed: 11, cases: 3_000 });
  expect(failures.map(({ fault, caseNumber }) => `${caseNumber}: ${fault}`)).toEqual([]);
  expect(caseCount).toBe(3_000);
  expect(nodeCount).toBeGreaterThan(5);
});

test('a fault is found, named by its case, and made short', async () => {
  // A reader that falls over a NUL at the beginning of a line.
  const judge = (bytes: Buffer) => (bytes.includes('\n\u0000') ? 'throws: NUL' : faultOf(bytes, 1));
  const first = await fuzz({ seed: 3, cases: 2_000, judge });
  expect(first.failures).toMatchObject([{ fault: 'throws: NUL', input: Buffer.from('\n\u0000') }]);
  const [{ caseNumber = -1 } = {}] = first.failures;
  expect(await fuzz({ seed: 3, from: caseNumber, cases: 1, judge })).toMatchObject({
    failures: first.failures,
  });
});

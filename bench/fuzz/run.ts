import { createRandom } from '../../harness/random.ts';
import { chance, randomPieces, whole } from './dice.ts';
import { generateResponse } from './generate.ts';
import { minimise } from './minimise.ts';
import { mutate } from './mutate.ts';
import { NodeClient } from './node-client.ts';
import { faultOf } from './oracles.ts';
import { retainedFaultOf } from './retained.ts';

/** A tenth of the cases stays valid; of those a share goes to Node's client, too. */
const VALID_SHARE = 0.1;
const NODE_SHARE = 0.1;
const RETAINED_SHARE = 0.0005;

export interface FuzzFailure {
  seed: number;
  /** With the seed it gives the same bytes again. */
  caseNumber: number;
  fault: string;
  /** As short as it still fails in the same oracle. */
  input: Buffer;
}

export interface FuzzResult {
  caseCount: number;
  /** Compared with Node's client over a socket. */
  nodeCount: number;
  /** Fed on for ever. */
  retainedCount: number;
  /** At most ten, one for each sentence without its figures. */
  failures: FuzzFailure[];
}

export interface FuzzOptions {
  seed: number;
  cases: number;
  /** Of the first case; default 0. */
  from?: number;
  /** What judges bytes; default the oracles. */
  judge?: typeof faultOf;
}

/** Runs the cases one after the other; the same options give the same cases. */
export async function fuzz({ seed, cases, from = 0, judge = faultOf }: FuzzOptions): Promise<FuzzResult> {
  const result: FuzzResult = { caseCount: 0, nodeCount: 0, retainedCount: 0, failures: [] };
  const node = await NodeClient.start();
  const isNew = (fault: string) => !result.failures.some((one) => oracleOf(one.fault) === oracleOf(fault));
  const failed = (caseNumber: number, fault: string, input: Buffer): void => {
    if (isNew(fault)) result.failures.push({ seed, caseNumber, fault, input });
  };
  try {
    for (let caseNumber = from; caseNumber < from + cases && result.failures.length < 10; caseNumber += 1) {
      const caseSeed = Math.imul(seed, 0x9e3779b1) + caseNumber;
      const random = createRandom(caseSeed);
      const valid = generateResponse(random);
      const isValid = chance(random, VALID_SHARE);
      const bytes = isValid ? valid : mutate(valid, random);
      result.caseCount += 1;
      const fault = judge(bytes, caseSeed);
      if (fault !== null && isNew(fault)) {
        const isSame = (shorter: Buffer) => oracleOf(judge(shorter, caseSeed) ?? '') === oracleOf(fault);
        const input = minimise(bytes, isSame);
        failed(caseNumber, judge(input, caseSeed) ?? fault, input);
      }
      if (isValid && chance(random, NODE_SHARE)) {
        result.nodeCount += 1;
        const difference = await node.faultOf(randomPieces(bytes, random));
        if (difference !== null) failed(caseNumber, difference, bytes);
      }
      if (chance(random, RETAINED_SHARE)) {
        result.retainedCount += 1;
        const kept = retainedFaultOf(bytes, 1 + whole(random, 100));
        if (kept !== null) failed(caseNumber, kept, bytes);
      }
    }
  } finally {
    await node.close();
  }
  return result;
}

/** `cuts: in pieces, lastEventId`: enough to tell one fault from another. */
function oracleOf(fault: string): string {
  return /^cuts: .*?, (\w+)/.exec(fault)?.[1] ?? fault.split(':')[0] ?? '';
}

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order } from './attacker.ts';
import type { Tally } from './outcome.ts';

export interface Attacker {
  /** One order at a time. Rejects when the process has ended. */
  attack(order: Order): Promise<Tally>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export function startAttacker(): Attacker {
  const child = fork(fileURLToPath(new URL('attacker.ts', import.meta.url)), { execArgv: [] });
  const ended = once(child, 'exit');
  return {
    async attack(order) {
      child.send(order);
      const answer = await Promise.race([once(child, 'message'), ended.then(() => null)]);
      if (answer === null) throw new Error('the attacking process has ended');
      return answer[0] as Tally;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

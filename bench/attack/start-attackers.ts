import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Blow, Order } from './attacker.ts';
import { count, type Tally } from './outcome.ts';

export interface Attackers {
  /** One order at a time, shared by the first `processes` of them. Rejects when a process has ended, or at the signal. */
  attack(order: Order, processes: number): Promise<Blow>;
  /** Idempotent. */
  stop(): Promise<void>;
}

export function startAttackers(most: number, signal: AbortSignal): Attackers {
  const children = Array.from({ length: most }, () => startOne(signal));
  return {
    async attack(order, processes) {
      const { connections } = order;
      const blows = await Promise.all(
        children
          .slice(0, processes)
          .map(({ attack }, at) =>
            attack({ ...order, connections: connections && share(connections, processes, at) }),
          ),
      );
      const sum: Tally = {};
      for (const { tally } of blows)
        for (const [outcome, by] of Object.entries(tally)) count(sum, outcome, by);
      return { tally: sum, cpuMs: blows.reduce((ms, blow) => ms + blow.cpuMs, 0) };
    },
    async stop() {
      await Promise.all(children.map((child) => child.stop()));
    },
  };
}

/** The part of one of them, such that all parts together are the whole. */
function share(whole: number, parts: number, at: number): number {
  return Math.floor((whole * (at + 1)) / parts) - Math.floor((whole * at) / parts);
}

function startOne(signal: AbortSignal) {
  const child: ChildProcess = fork(fileURLToPath(new URL('attacker.ts', import.meta.url)), { execArgv: [] });
  const ended = once(child, 'exit');
  return {
    async attack(order: Order): Promise<Blow> {
      child.send(order);
      const answer = await Promise.race([once(child, 'message', { signal }), ended.then(() => null)]);
      if (answer === null) throw new Error('an attacking process has ended');
      return answer[0] as Blow;
    },
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

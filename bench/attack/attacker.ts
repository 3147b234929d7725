/**
 * The attacker, in a process of its own, so that what it costs is not charged to the good clients. Answers each message
 * (`Order`) with a `Blow`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { attacks } from './attacks.ts';
import { count, type Tally } from './outcome.ts';

export interface Order {
  attack: string;
  port: number;
  key: string;
  dir: string;
  /** Connections to make; null: as many as there is time for. */
  connections: number | null;
  /** No connection is begun after this. */
  withinMs: number;
}

export interface Blow {
  tally: Tally;
  /** CPU that this process took for it. */
  cpuMs: number;
}

async function attack({ attack: name, port, key, dir, connections, withinMs }: Order): Promise<Blow> {
  const one = attacks.find((known) => known.name === name);
  if (one === undefined) throw new Error(`there is no attack "${name}"`);
  const tally: Tally = {};
  const before = process.cpuUsage();
  const until = performance.now() + withinMs;
  let begun = 0;
  const goesOn = () => performance.now() < until && (connections === null || begun < connections);
  const work = async () => {
    while (goesOn()) {
      const outcome = await one.strike({ port, key, dir, n: begun++, random: Math.random });
      count(tally, outcome);
      // No connection could be made: the next ones would spin.
      if (outcome === 'refused') await sleep(1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(one.atOnce, connections ?? Infinity) }, work));
  const { user, system } = process.cpuUsage(before);
  return { tally, cpuMs: (user + system) / 1000 };
}

// From the terminal, or from a command that ends its whole group: whoever sends the orders decides.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {});

process.on('message', async (order: Order) => process.send?.(await attack(order)));
process.on('disconnect', () => process.exit());

import type { ObedientProcess } from './obedient-process.ts';

/** What a port that looks like an inspector does, in JavaScript. */
export interface FakeBehaviour {
  /** Statements over `response`, for who asks which sessions it has. */
  list?: string;
  upgrades?: boolean;
  /** An expression over `answer`, the right one, with its `id` and `result`: what it says instead. `undefined`: nothing. */
  reply?: string;
}

/** A server in the target that says of itself to be its inspector. */
export interface FakeInspector {
  /** From now on it replies so. */
  reply(expression: string): Promise<void>;
}

const FAKE = new URL('fake-inspector.mjs', import.meta.url).href;

export async function startFakeInspector(
  target: ObedientProcess,
  { list, upgrades = true, reply = 'answer' }: FakeBehaviour = {},
): Promise<FakeInspector> {
  const replyWith = (expression: string) => `globalThis.reply = (answer) => (${expression});`;
  await target.run(`${replyWith(reply)}
    const { startFakeInspector } = await import(${JSON.stringify(FAKE)});
    return startFakeInspector({
      list: ${list === undefined ? 'null' : `(response) => { ${list} }`},
      upgrades: ${upgrades},
      reply: (answer) => globalThis.reply(answer),
    });`);
  return {
    async reply(expression) {
      await target.run(replyWith(expression));
    },
  };
}

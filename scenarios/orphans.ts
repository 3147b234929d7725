import type { BehaviourName, Scenario } from '../harness/model.ts';

const ROUNDS = 3;
const ANSWER_MS = 5000;
const HOLD_MS = 500;

/** A bit of everything at once: each way in which clients come and go, on shared and on new keys. */
const MIX: { behaviour: BehaviourName; count: number }[] = [
  { behaviour: 'tab', count: 4 },
  { behaviour: 'graceful-close', count: 20 },
  { behaviour: 'abrupt-drop', count: 20 },
  { behaviour: 'drop-before-first-byte', count: 20 },
  { behaviour: 'drop-mid-event', count: 10 },
  { behaviour: 'pipelined', count: 10 },
  { behaviour: 'reconnect', count: 4 },
  { behaviour: 'stalled-reader', count: 4 },
  { behaviour: 'request-then-silence', count: 4 },
];

/** Whoever has gone without a word is missed where the server asks: a WebSocket has pings, of the others only the kernel knows. */
const VANISHING: typeof MIX = [{ behaviour: 'half-open', count: 4 }];

/** More streams than any limit of this size lets in, so that some of them are rejected. */
const CROWD = 4;

export const orphans: Scenario = {
  name: 'orphans',
  proves:
    'after clients of every kind have come and gone, file descriptors, sockets and processes are back where they were',
  checks: ['cleanup'],
  paths: [],
  unfit: () => null,
  expectedMs: () => 3500,
  async run(context) {
    for (let round = 1; round <= ROUNDS; round++) {
      await context.phase(`round ${round}`);
      const mix = context.config.protocol.name === 'websocket' ? [...MIX, ...VANISHING] : MIX;
      const streams = mix
        .filter(({ behaviour }) => context.offers(behaviour))
        .flatMap(({ behaviour, count }) =>
          Array.from({ length: count }, (_, i) => {
            const crowded = context.random() < 0.5;
            const stream = context.open(
              behaviour,
              crowded ? context.key(1 + (i % CROWD)) : context.freshKey(),
            );
            return { behaviour, stream };
          }),
        );
      // Who does not read hears no answer.
      const listening = streams.filter(({ behaviour }) => behaviour !== 'request-then-silence');
      await context.within(Promise.all(listening.map(({ stream }) => stream.answered)), ANSWER_MS);
      if (context.config.events !== null) {
        for (let n = 1; n <= CROWD; n++)
          await context.feed(context.key(n), { count: 50, bytesPerEvent: 1000 });
      }
      await context.sleep(HOLD_MS);
      await context.endAll();
    }
  },
};

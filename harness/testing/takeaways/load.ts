import { READ_PHASE } from '../../load/phases.ts';
import { clear, endEarly, keep, type Standing, set, stretch, type Take } from './takeaway.ts';

const holds = ({ phase }: { phase: string }): boolean => phase.startsWith('hold');
const warmsUp = ({ phase }: { phase: string }): boolean => phase === 'warm-up';

/** Told of beside each sample, as in a run, and in the end the heap of the target is read. */
const beside: Take = (scenario, run) => {
  stretch(scenario, run, 3);
  const { loads, phases, samples } = scenario;
  const [first, last] = [loads[0], loads.at(-1)];
  const cleanUp = phases.at(-1);
  if (first === undefined || last === undefined || cleanUp === undefined) return;
  phases.splice(-1, 0, { phase: READ_PHASE, elapsedMs: cleanUp.elapsedMs - 500 });
  clear(loads);
  for (const { phase, elapsedMs } of samples) {
    if (phase.startsWith('ramp')) loads.push({ ...first, phase, elapsedMs });
    else if (holds({ phase })) loads.push({ ...last, phase, elapsedMs, startedCount: 180 });
  }
};

export const loadHeld: Standing[] = [
  {
    scenario: 'hold',
    when: '',
    prepare: beside,
    takes: {
      'no worker told anything': ({ loads }) => clear(loads),
      'no worker told anything while the load was held': ({ loads }) => keep(loads, (entry) => !holds(entry)),
      'the load was told of at its beginning alone': ({ loads }) => {
        const first = loads.findIndex(holds);
        loads.splice(first + 1);
      },
      'no stream was counted': ({ tallies }) => keep(tallies, warmsUp),
      'half of the streams were counted': ({ tallies }) => {
        for (const tally of tallies) {
          if (warmsUp(tally)) continue;
          tally.streamCount = Math.floor(tally.streamCount / 2);
          tally.endings = { client: tally.streamCount };
          tally.statuses = { 200: tally.streamCount };
        }
      },
      'one kind of stream was not counted': ({ tallies }) => {
        const first = tallies.findIndex((tally) => !warmsUp(tally));
        if (first >= 0) tallies.splice(first, 1);
      },
      'counts of zero': ({ tallies }) =>
        set(
          tallies.filter((tally) => !warmsUp(tally)),
          { streamCount: 0, statuses: {}, endings: {}, eventCount: 0, fedEventCount: 0 },
        ),
      'nothing was planned': ({ loads }) => set(loads, { plannedCount: 0 }),
      'nobody was held': ({ loads }) => set(loads, { heldCount: 0 }),
      'no event was written': ({ loads }) => set(loads, { fedEventCount: 0 }),
      'no end and no status of a stream': ({ tallies }) => set(tallies, { endings: {}, statuses: {} }),
      'no event arrived': ({ tallies }) => set(tallies, { eventCount: 0, fedEventCount: 0 }),
      'a clock that goes back': ({ loads }) => loads.reverse(),
    },
    mayFail: ['no event arrived'],
  },
];

export const generatorHealth: Standing[] = [
  {
    scenario: 'hold',
    when: '',
    prepare: beside,
    takes: {
      'no worker told anything': ({ loads }) => clear(loads),
      'no worker told anything while the load was held': ({ loads }) => keep(loads, (entry) => !holds(entry)),
      'no worker was there': ({ loads }) =>
        set(
          loads.map(({ health }) => health),
          { workerCount: 0 },
        ),
      'one interval': ({ loads }) => loads.splice(1),
      'a quarter of the intervals': ({ loads }) => keep(loads, (_, index) => index % 4 === 0),
      'intervals end early': ({ loads }) => [1, 2].forEach(() => void endEarly(loads)),
      'nothing was planned': ({ loads }) => set(loads, { plannedCount: 0 }),
      'a clock that goes back': ({ loads }) => loads.reverse(),
      'workers used no memory': ({ loads }) =>
        set(
          loads.map(({ health }) => health),
          { rssBytes: 0, emptyRssBytes: 0, heapUsedBytes: 0 },
        ),
    },
  },
];

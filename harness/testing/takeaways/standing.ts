import { clear, endEarly, keep, type Standing, set, stretch, type Take } from './takeaway.ts';

const stretched: Take = (scenario, run) => stretch(scenario, run, 24);

export const targetAlive: Standing[] = [
  {
    scenario: 'orphans',
    when: '',
    takes: {
      'no word of the target': ({ target }) => clear(target),
      'the first process was never ready, a later one was': ({ target }) => set(target, { attempt: 1 }),
      'it was only told that it was stopped': ({ target }) => set(target, { event: 'stopped' }),
      'the scenario has no end': (scenario) => (scenario.endedMs = null),
    },
  },
];

export const loadLanded: Standing[] = [
  {
    scenario: 'tabs',
    when: 'streams are listed',
    takes: {
      'no stream but the one that warms up': ({ streams }) => clear(streams),
      'no stream has a status': ({ streams }) => set(streams, { status: null, answer: null }),
      'no connection could be made': ({ streams }) =>
        set(streams, { ending: 'connect-failed', status: null, answer: null }),
      'one connection could not be made': ({ streams }) =>
        set(streams.slice(0, 1), { ending: 'connect-failed', status: null, answer: null }),
      'the scenario has no end': (scenario) => (scenario.endedMs = null),
    },
  },
  {
    scenario: 'hold',
    when: 'streams are counted',
    takes: {
      'no count but that of the stream that warms up': ({ tallies }) =>
        keep(tallies, ({ phase }) => phase === 'warm-up'),
      'no count at all': ({ tallies }) => clear(tallies),
      'counts of zero': ({ tallies }) => set(tallies, { streamCount: 0, statuses: {}, endings: {} }),
      'no count of statuses': ({ tallies }) => set(tallies, { statuses: {} }),
      'no count of the statuses of one kind': ({ tallies }) => set(tallies.slice(-1), { statuses: {} }),
    },
  },
];

export const memoryBudget: Standing[] = [
  {
    scenario: 'orphans',
    when: 'a short scenario',
    takes: {
      'no sample': ({ samples }) => clear(samples),
      'one sample': ({ samples }) => samples.splice(1),
      'a quarter of the samples': ({ samples }) => keep(samples, (_, index) => index % 4 === 0),
      'no sample while the load was there': (scenario) =>
        keep(scenario.samples, ({ phase }) => !phase.startsWith('round')),
      'no sample in one phase': ({ samples }) => keep(samples, ({ phase }) => phase !== 'round 2'),
      'samples end early': ({ samples }) => endEarly(samples),
      'samples of nothing': ({ samples, levels, cycles, held }) => {
        for (const each of [...samples, ...[...levels, ...cycles, ...held].map(({ reading }) => reading)])
          Object.assign(each, {
            rssBytes: 0,
            peakRssBytes: 0,
            ...('highestRssBytes' in each && { highestRssBytes: 0 }),
          });
      },
      'samples without a process': ({ samples }) =>
        set(samples, { processCount: 0, rssBytes: 0, highestRssBytes: 0 }),
      'a clock that goes back': ({ samples }) => samples.reverse(),
    },
  },
  {
    scenario: 'orphans',
    when: 'a long scenario',
    prepare: stretched,
    takes: {
      'half of the samples, one after the other': ({ samples }) =>
        keep(samples, (_, i) => i < samples.length * 0.45),
      'a sample every five seconds': ({ samples }) => keep(samples, (_, i) => i % 5 === 0),
      'a hole in the middle': ({ samples, elapsedMs }) =>
        keep(
          samples,
          (sample) => sample.elapsedMs < elapsedMs + 40_000 || sample.elapsedMs > elapsedMs + 75_000,
        ),
      'samples from before the load alone': ({ samples, phases }) =>
        keep(samples, ({ phase }) => phase === phases[0]?.phase),
      'the second half of the time told as the first one again': ({ samples, elapsedMs, endedMs }) => {
        const middle = ((endedMs ?? 0) + elapsedMs) / 2;
        for (const sample of samples) if (sample.elapsedMs > middle) sample.elapsedMs -= middle - elapsedMs;
      },
    },
  },
];

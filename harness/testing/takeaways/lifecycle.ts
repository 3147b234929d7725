import { clear, endEarly, keep, type Standing, set, stretch } from './takeaway.ts';

const ofPhase =
  (wanted: string) =>
  ({ phase }: { phase: string }): boolean =>
    phase.startsWith(wanted);
const notOfPhase =
  (unwanted: string) =>
  ({ phase }: { phase: string }): boolean =>
    !phase.startsWith(unwanted);

export const connectionLimit: Standing[] = [
  {
    scenario: 'limit',
    when: '',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'neither stream nor phase': ({ streams, phases }) => [streams, phases].forEach(clear),
      'no stream of one burst': ({ streams }) => keep(streams, notOfPhase('burst, then abrupt')),
      'as many streams as get in': ({ streams, limit }) => {
        const seen = new Map<string, number>();
        keep(streams, ({ phase }) => {
          seen.set(phase, (seen.get(phase) ?? 0) + 1);
          return (seen.get(phase) ?? 0) <= (limit ?? 0);
        });
      },
      'the limit': (scenario) => (scenario.limit = null),
      'no status': ({ streams }) => set(streams, { status: null, answer: null }),
      'no status of those that were refused': ({ streams }) =>
        set(
          streams.filter(({ status }) => status === 429),
          { status: null, answer: null },
        ),
      'connections that could not be made': ({ streams }) =>
        set(streams, { ending: 'connect-failed', status: null, answer: null }),
    },
    // A stream that got neither 200 nor 429 is what the limit does not promise.
    mayFail: ['no status', 'no status of those that were refused'],
  },
];

export const slotsReleased: Standing[] = [
  {
    scenario: 'limit',
    when: '',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'neither stream nor phase': ({ streams, phases }) => [streams, phases].forEach(clear),
      'nobody tried the slots again': ({ streams }) => keep(streams, notOfPhase('reopen')),
      'nobody tried them behind one way of leaving': ({ streams }) =>
        keep(streams, notOfPhase('reopen after abrupt')),
      'one try fewer than slots': ({ streams }) =>
        streams.splice(
          streams.findIndex(({ phase }) => phase.startsWith('reopen')),
          1,
        ),
      'nobody had left': ({ streams }) => keep(streams, ofPhase('reopen')),
      'those who left ended otherwise': ({ streams }) =>
        set(streams.filter(ofPhase('burst')), { ending: 'server-reset' }),
      'the limit': (scenario) => (scenario.limit = null),
      'no status': ({ streams }) => set(streams.filter(ofPhase('reopen')), { status: null, answer: null }),
      'connections that could not be made': ({ streams }) =>
        set(streams.filter(ofPhase('reopen')), { ending: 'connect-failed', status: null, answer: null }),
    },
    // A slot that answers neither 200 nor 429 has not come back.
    mayFail: ['no status'],
  },
  {
    scenario: 'limit',
    when: 'it took two attempts',
    prepare({ streams }) {
      const again = streams.filter(ofPhase('reopen'));
      streams.unshift(
        ...again.map((stream, i) =>
          i % 5 === 0
            ? { ...stream, status: 429, answer: 'limited' as const, ending: 'refused' as const }
            : stream,
        ),
      );
    },
    takes: {
      'a part of the second attempt': ({ streams }) => {
        const last = streams.findLastIndex(({ phase }) => phase.startsWith('reopen after drop'));
        if (last >= 0) streams.splice(last, 1);
      },
      'a part of the first attempt': ({ streams }) =>
        streams.splice(
          streams.findIndex(({ phase }) => phase.startsWith('reopen')),
          1,
        ),
    },
  },
];

export const timeoutClose: Standing[] = [
  {
    scenario: 'timeout',
    when: '',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'no stream got in': ({ streams }) => set(streams, { status: null, answer: null }),
      'one stream has no status': ({ streams }) => set(streams.slice(0, 1), { status: null, answer: null }),
      'the deadline': (scenario) => (scenario.deadlineMs = null),
      'no reason of the close': ({ streams }) => set(streams, { closeReason: null, closeEventMs: null }),
      'no time of the close': ({ streams }) => set(streams, { closeEventMs: null }),
      'no time of one close': ({ streams }) => set(streams.slice(-1), { closeEventMs: null }),
    },
    // A stream that ended without its close event breaks the promise.
    mayFail: ['no reason of the close'],
  },
];

export const streamsHeld: Standing[] = [
  {
    scenario: 'tabs',
    when: 'events are fed',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'no stream of that phase': ({ streams }) => set(streams, { phase: 'warm-up' }),
      'no status': ({ streams }) => set(streams, { status: null, answer: null }),
      'no event was written': ({ feeds }) => clear(feeds),
      'what was written was nothing': ({ feeds }) => set(feeds, { eventCount: 0 }),
      'held for a part of the time': ({ streams }) => set(streams.slice(3, 4), { durationMs: 100 }),
      'no event arrived on one': ({ streams }) => set(streams.slice(0, 1), { eventCount: 0 }),
    },
    mayFail: ['no status', 'no event arrived on one'],
  },
];

export const eventIntegrity: Standing[] = [
  {
    scenario: 'growth',
    when: '',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'no stream but one that is stalled': ({ streams }) =>
        keep(streams, ({ behaviour }) => behaviour === 'stalled-reader'),
      'nothing was written': ({ feeds }) => clear(feeds),
      'what was written was nothing': ({ feeds }) => set(feeds, { eventCount: 0 }),
      'half of what was written': ({ feeds }) => endEarly(feeds),
      'streams of another key': ({ streams }) => set(streams, { key: 'key-9' }),
      'a key that nobody reads': ({ feeds }) => {
        const [first] = feeds;
        if (first !== undefined && !feeds.some(({ key }) => key === 'key-9'))
          feeds.push({ ...first, key: 'key-9' });
      },
      'closed before all was read': ({ streams }) =>
        set(streams, { ending: 'server-end', closeReason: 'deadline' }),
      'no event was counted': ({ streams }) => set(streams, { eventCount: 0 }),
    },
    // Streams that have more events than were written, or fewer, prove what is missing on the one side or the other.
    mayFail: ['half of what was written', 'no event was counted', 'what was written was nothing'],
  },
];

export const rejections: Standing[] = [
  {
    scenario: 'reject',
    when: '',
    takes: {
      'no request': ({ requests }) => clear(requests),
      'requests of another kind': ({ requests }) => set(requests, { label: 'page' }),
      'no status': ({ requests }) => set(requests, { statuses: {} }),
      'no status in one flood': ({ requests }) => set(requests.slice(0, 1), { statuses: {} }),
      'counts of zero': ({ requests }) => set(requests, { plannedCount: 0, statuses: {} }),
      'nobody filled the limit': ({ streams }) => clear(streams),
      'one stream too few filled it': ({ streams, limit }) => streams.splice((limit ?? 1) - 1),
      'no status of those that filled it': ({ streams }) => set(streams, { status: null, answer: null }),
      'the limit': (scenario) => (scenario.limit = null),
      'those that filled it had gone': ({ streams }) => set(streams, { ending: 'server-end' }),
    },
  },
];

export const responsiveness: Standing[] = [
  {
    scenario: 'growth',
    when: '',
    takes: {
      'no request': ({ requests }) => clear(requests),
      'requests of another kind': ({ requests }) => set(requests, { label: 'flood' }),
      'counts of zero': ({ requests }) => set(requests, { plannedCount: 0, statuses: {} }),
      'no status': ({ requests }) => set(requests, { statuses: {} }),
      'no status in one look': ({ requests }) => set(requests.slice(-1), { statuses: {} }),
    },
    // The page was asked for and did not answer with 200.
    mayFail: ['no status', 'no status in one look'],
  },
];

export const historyCost: Standing[] = [
  {
    scenario: 'history',
    when: '',
    takes: {
      'no stream': ({ streams }) => clear(streams),
      'nobody read the small one': ({ streams }) => keep(streams, notOfPhase('small')),
      'nobody read the large one': ({ streams }) => keep(streams, notOfPhase('large')),
      'no time of the small one': ({ streams }) =>
        set(streams.filter(ofPhase('small')), { firstEventMs: null }),
      'no time of the large one': ({ streams }) =>
        set(streams.filter(ofPhase('large')), { firstEventMs: null }),
      'no time of one of the large ones': ({ streams }) =>
        set(streams.filter(ofPhase('large')).slice(0, 1), { firstEventMs: null }),
      'nothing was written': ({ feeds }) => clear(feeds),
      'little was written': ({ feeds }) => set(feeds, { byteCount: 1000 }),
      'no sample': ({ samples }) => clear(samples),
      'no sample of the large one': ({ samples }) => keep(samples, notOfPhase('large')),
      'one sample of the large one': ({ samples }) => {
        const one = samples.find(ofPhase('large'));
        keep(samples, (sample) => sample === one || !ofPhase('large')(sample));
      },
      'samples of nothing': ({ samples }) =>
        set(samples.filter(ofPhase('large')), { rssBytes: 0, peakRssBytes: 0, highestRssBytes: 0 }),
    },
    // The large one was read, and no event came.
    mayFail: ['no time of the large one', 'no time of one of the large ones'],
  },
  {
    scenario: 'history',
    when: 'the kernel keeps no high-water mark',
    prepare(scenario, run) {
      stretch(scenario, run, 3);
      set(scenario.samples, { peakRssBytes: null });
    },
    takes: {
      'no sample': ({ samples }) => clear(samples),
      'samples of the large one end as it begins': ({ samples }) => {
        const first = samples.findIndex(ofPhase('large'));
        keep(samples, (sample, i) => i <= first + 1 || !ofPhase('large')(sample));
        if (first >= 0) samples.splice(first + 2);
      },
    },
  },
];

export const cleanup: Standing[] = [
  {
    scenario: 'orphans',
    when: '',
    takes: {
      'no counters': ({ levels }) => clear(levels),
      'none from before': ({ levels }) => keep(levels, ({ moment }) => moment === 'after'),
      'none from behind': ({ levels }) => keep(levels, ({ moment }) => moment === 'before'),
      'no descriptors before': ({ levels }) =>
        levels[0] && Object.assign(levels[0].reading, { fdCount: null }),
      'no descriptors behind': ({ levels }) => {
        const last = levels.at(-1);
        if (last !== undefined) last.reading.fdCount = null;
      },
      'no sockets before': ({ levels }) => levels[0] && Object.assign(levels[0].reading, { sockets: null }),
      'no sockets behind': ({ levels }) => {
        const last = levels.at(-1);
        if (last !== undefined) last.reading.sockets = null;
      },
      'no descriptors and no sockets': ({ levels }) =>
        set(
          levels.map(({ reading }) => reading),
          { fdCount: null, sockets: null },
        ),
      'counts of zero': ({ levels }) =>
        set(
          levels.map(({ reading }) => reading),
          { fdCount: 0, sockets: {}, processCount: 0 },
        ),
      'no process behind': ({ levels }) =>
        set(
          levels.slice(-1).map(({ reading }) => reading),
          { processCount: 0 },
        ),
      'no descriptor open': ({ levels }) =>
        set(
          levels.map(({ reading }) => reading),
          { fdCount: 0 },
        ),
      'counters from before the load alone': ({ levels, elapsedMs }) =>
        set(levels, { elapsedMs: elapsedMs + 1 }),
      'counters of one moment, and no phases': ({ levels, phases, elapsedMs }) => {
        set(levels, { elapsedMs: elapsedMs + 1 });
        clear(phases);
      },
      'the counters behind are those from before the load': ({ levels, phases }) => {
        const last = levels.at(-1);
        if (last !== undefined) last.elapsedMs = (phases[1]?.elapsedMs ?? 0) - 1;
      },
    },
  },
];

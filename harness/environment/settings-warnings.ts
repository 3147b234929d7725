import { affected, megabytes, numberIn, type Rule, textIn } from './sightings.ts';

/** What an option of the runtime does to the figures; one that is not here is recorded and not warned of. */
const FLAG_EFFECTS: [pattern: RegExp, effect: string][] = [
  [/^--expose-gc$/, 'the target may collect garbage when it wants to'],
  [/^--(?:max|min)-semi-space-size|^--semi-space-growth/, 'young objects are kept for longer or shorter'],
  [/^--(?:optimize-for-size|lite-mode|jitless|no-opt|single-threaded)/, 'V8 trades speed for memory'],
  [
    /^--(?:trace-|prof$|cpu-prof|heap-prof|track-heap-objects|watch$)/,
    'what it traces or samples costs time and memory',
  ],
  [/^--heapsnapshot-(?:near|signal)/, 'a snapshot stops the target and takes as much memory again'],
  [/^--(?:gc-|stress-)/, 'collections come at other times'],
  [/^--(?:inspect-brk|inspect-wait)/, 'it waits for a debugger'],
];

/** Of the files that it may open: above this, the next burst may find none. */
const OPEN_FILES_RATIO = 0.8;

const allocator: Rule = (sightings) => {
  const words = ({ facts }: (typeof sightings)[number]) => {
    const [name, settings] = [textIn(facts, 'allocator'), textIn(facts, 'allocatorSettings')];
    const loaded = name === 'glibc' || name === 'musl' ? null : name;
    return [loaded, settings].filter((one) => one !== null).join(' with ');
  };
  const found = affected(sightings, (sighting) => (words(sighting) === '' ? null : 1));
  if (found === null) return null;
  return {
    warning: 'allocator',
    scenarios: found.scenarios,
    seen: `the target's allocator is not the default: ${words(found.worst)}`,
    effect: 'without it the same server keeps more or less of what it freed, in RSS and anonymous memory',
    remedy: 'measure with what production has',
    checks: ['memory-budget', 'memory-leak'],
  };
};

const heapLimit: Rule = (sightings, { run }) => {
  const { budgetBytes } = run.config;
  const found = affected(sightings, ({ facts }) => {
    const limit = numberIn(facts, 'heapLimitBytes');
    return limit === null ? null : budgetBytes - limit;
  });
  if (found === null) return null;
  return {
    warning: 'heap-limit',
    scenarios: found.scenarios,
    seen: `an option allows V8 a heap of ${megabytes(numberIn(found.worst.facts, 'heapLimitBytes') ?? 0)}, and the budget is ${megabytes(budgetBytes)}`,
    effect:
      'a heap that leaks may end the target before it is over budget, and near the limit V8 collects more and more, which slows everything',
    remedy: 'give a --budget near the limit, or measure with the option that production has',
    checks: ['memory-budget', 'target-alive', 'responsiveness'],
  };
};

const runtimeFlags: Rule = (sightings) => {
  const told = ({ facts }: (typeof sightings)[number]) =>
    (textIn(facts, 'runtimeFlags') ?? '').split(' ').flatMap((flag) => {
      const effect = FLAG_EFFECTS.find(([pattern]) => pattern.test(flag))?.[1];
      return effect === undefined ? [] : [{ flag, effect }];
    });
  const found = affected(sightings, (sighting) => told(sighting).length);
  if (found === null) return null;
  const flags = told(found.worst);
  return {
    warning: 'runtime-flags',
    scenarios: found.scenarios,
    seen: `the target runs with ${flags.map(({ flag }) => flag).join(' ')}`,
    effect: [...new Set(flags.map(({ effect }) => effect))].join('; '),
    remedy: 'measure with the options that production has',
    checks: ['memory-budget', 'memory-leak', 'responsiveness'],
  };
};

const nodeEnv: Rule = (sightings) => {
  const other = ({ facts }: (typeof sightings)[number]) => {
    const value = textIn(facts, 'nodeEnv');
    return value === null || /^(?:production|not set)(?: (?:production|not set))*$/.test(value)
      ? null
      : value;
  };
  const found = affected(sightings, (sighting) => (other(sighting) === null ? null : 1));
  if (found === null) return null;
  return {
    warning: 'node-env',
    scenarios: found.scenarios,
    seen: `the target runs with NODE_ENV=${other(found.worst)}`,
    effect:
      'frameworks keep more and check more there than in production: caches off, longer errors, development builds',
    remedy: 'set NODE_ENV=production',
    checks: ['memory-budget', 'responsiveness'],
  };
};

const openFiles: Rule = (sightings) => {
  // The limit is one process's, and descriptors are counted over all: with more processes than one nothing can be said.
  const ratioOf = ({ facts, scenario }: (typeof sightings)[number]) => {
    const limit = numberIn(facts, 'openFileLimitCount');
    const counts = scenario.samples.flatMap(({ fdCount, processCount }) =>
      fdCount === null || processCount !== 1 ? [] : [fdCount],
    );
    const most = counts.reduce((highest, count) => Math.max(highest, count), 0);
    return limit === null || limit === 0 ? null : { most, limit, ratio: most / limit };
  };
  const found = affected(sightings, (sighting) => {
    const ratio = ratioOf(sighting)?.ratio ?? 0;
    return ratio >= OPEN_FILES_RATIO ? ratio : null;
  });
  const files = found === null ? null : ratioOf(found.worst);
  if (found === null || files === null) return null;
  return {
    warning: 'open-files',
    scenarios: found.scenarios,
    seen: `the target had ${files.most} of the ${files.limit} files open that it may (ulimit -n)`,
    effect: 'with a few more streams it refuses connections (EMFILE), which looks like a limit of its own',
    remedy: 'raise ulimit -n before it starts',
    checks: ['load-landed', 'streams-held', 'connection-limit'],
  };
};

export const settingsRules: Rule[] = [heapLimit, allocator, runtimeFlags, nodeEnv, openFiles];

import { swapOf } from '../checks/memory-budget.ts';
import type { ScenarioRecord } from '../model.ts';
import { affected, megabytes, numberIn, percent, type Rule, textIn } from './sightings.ts';

/** Of the target's memory: less is lost in the rounding of any figure of it. */
const SWAPPED_RATIO = 0.01;

/** 1 MiB in pages of 4 KiB: a page now and then is the kernel's housekeeping. */
const SWAPPED_PAGES = 256;

/** A huge page is 2 MiB, however little of it is used; below this part of a target's memory that hides nothing. */
const HUGE_PAGE_RATIO = 0.1;

/** What some task waited for memory: a clean page that is taken and read again shows as a wait. */
const MEMORY_PRESSURE_RATIO = 0.05;

function peakMemory({ samples }: ScenarioRecord): number {
  return samples.reduce(
    (peak, { rssBytes, highestRssBytes }) => Math.max(peak, rssBytes, highestRssBytes ?? 0),
    0,
  );
}

const targetSwapped: Rule = (_, record) => {
  const swapped = record.scenarios
    .map((scenario) => ({ scenario, bytes: swapOf(scenario).peakBytes ?? 0 }))
    .filter(({ scenario, bytes }) => bytes > 0 && bytes >= SWAPPED_RATIO * (bytes + peakMemory(scenario)))
    .toSorted((a, b) => b.bytes - a.bytes);
  const [worst] = swapped;
  if (worst === undefined) return null;
  const compressed = record.run.environment.facts?.some(
    ({ name, value }) => name === 'zswap' && value === true,
  );
  return {
    warning: 'target-swapped',
    scenarios: swapped.map(({ scenario }) => scenario.scenario),
    seen: `up to ${megabytes(worst.bytes)} of the target were swapped out${compressed ? ' (compressed in memory, by zswap)' : ''}`,
    effect:
      'RSS shows less than it holds; the budget counts what is swapped as well, PSS and anonymous memory too, and what is answered from swap is late',
    remedy: 'give the machine or the cgroup more memory, or switch swap off (swapoff, memory.swap.max)',
    checks: ['memory-budget', 'memory-leak', 'responsiveness'],
  };
};

const machineSwapping: Rule = (sightings) => {
  const pages = (name: 'swappedPageCount') => (sighting: { facts: Parameters<typeof numberIn>[0] }) => {
    const count = numberIn(sighting.facts, name);
    return count !== null && count >= SWAPPED_PAGES ? count : null;
  };
  const found = affected(sightings, pages('swappedPageCount'));
  if (found === null) return null;
  return {
    warning: 'machine-swapping',
    scenarios: found.scenarios,
    seen: `the machine moved ${numberIn(found.worst.facts, 'swappedPageCount')} pages to swap or back while it was measured`,
    effect:
      'whoever waits for them is late, so latencies are not those of the target alone, and RSS may fall for no reason of its own',
    remedy: 'close what else uses memory there',
    checks: ['memory-budget', 'responsiveness'],
  };
};

const memoryLimit: Rule = (sightings, { run }) => {
  const { budgetBytes } = run.config;
  const found = affected(sightings, ({ facts }) => {
    const room = numberIn(facts, 'memoryRoomBytes') ?? numberIn(facts, 'memoryLimitBytes');
    return room === null ? null : budgetBytes - room;
  });
  if (found === null) return null;
  const limit = numberIn(found.worst.facts, 'memoryLimitBytes') ?? 0;
  const room = numberIn(found.worst.facts, 'memoryRoomBytes') ?? limit;
  const rest = room < limit ? `, of which ${megabytes(room)} were free` : '';
  return {
    warning: 'memory-limit',
    scenarios: found.scenarios,
    seen: `the target's cgroup has a memory limit of ${megabytes(limit)}${rest}, and the budget is ${megabytes(budgetBytes)}`,
    effect:
      'the kernel kills the target before it is over budget; Node also sizes its heap by the limit (docs/environment.md), so garbage is collected at other times than without it',
    remedy: 'give a --budget below the limit, or raise the limit',
    checks: ['memory-budget', 'target-alive', 'memory-leak'],
  };
};

const memoryHigh: Rule = (sightings, { run }) => {
  const { budgetBytes } = run.config;
  const found = affected(sightings, ({ facts }) => {
    const high = numberIn(facts, 'memoryHighBytes');
    const hits = numberIn(facts, 'memoryHighHitCount') ?? 0;
    return high !== null && (hits > 0 || high < budgetBytes) ? 1 + hits : null;
  });
  if (found === null) return null;
  const { facts } = found.worst;
  const hits = numberIn(facts, 'memoryHighHitCount') ?? 0;
  return {
    warning: 'memory-high',
    scenarios: found.scenarios,
    seen: `memory.high of the target's cgroup is ${megabytes(numberIn(facts, 'memoryHighBytes') ?? 0)}${hits > 0 ? `, and it was reached ${hits} times` : ', below the budget'}`,
    effect:
      'from there on the kernel slows the target down and takes pages from it: latencies rise and RSS stops growing, whatever it keeps',
    remedy: 'set memory.high above the budget, or to max',
    checks: ['memory-budget', 'responsiveness', 'timeout-close'],
  };
};

const memoryLimitHit: Rule = (sightings) => {
  const found = affected(sightings, ({ facts }) => numberIn(facts, 'memoryLimitHitCount'));
  if (found === null) return null;
  return {
    warning: 'memory-limit-hit',
    scenarios: found.scenarios,
    seen: `the target's cgroup reached its memory limit ${numberIn(found.worst.facts, 'memoryLimitHitCount')} times`,
    effect:
      'each time the kernel takes pages back first (of files, and swaps), so RSS shows less than it would hold, and what asked waits',
    remedy: 'raise the limit',
    checks: ['memory-budget', 'responsiveness'],
  };
};

const oomKill: Rule = (sightings) => {
  const found = affected(sightings, ({ facts }) => numberIn(facts, 'oomKillCount'));
  if (found === null) return null;
  const count = numberIn(found.worst.facts, 'oomKillCount') ?? 0;
  return {
    warning: 'oom-kill',
    scenarios: found.scenarios,
    seen: `the kernel killed ${count} ${count === 1 ? 'process' : 'processes'} of the target's cgroup for want of memory`,
    effect:
      'what was lost there was lost to the limit, not to a crash; what was measured before it lacks the highest memory',
    remedy: 'raise the limit above the budget, and look for what grew',
    checks: ['target-alive', 'memory-budget'],
  };
};

const hugePages: Rule = (sightings, record) => {
  if (textIn(record.run.environment.facts ?? [], 'hugePages') !== 'always') return null;
  const ratioOf = (sighting: (typeof sightings)[number]) => {
    const bytes = numberIn(sighting.facts, 'hugePageBytes');
    const last = sighting.scenario.samples.at(-1)?.rssBytes ?? 0;
    return bytes === null || last === 0 ? null : bytes / last;
  };
  const found = affected(sightings, (sighting) => (ratioOf(sighting) ?? 0) - HUGE_PAGE_RATIO);
  if (found === null) return null;
  return {
    warning: 'huge-pages',
    scenarios: found.scenarios,
    seen: `${megabytes(numberIn(found.worst.facts, 'hugePageBytes') ?? 0)} of the target are in huge pages, which this machine gives unasked (transparent_hugepage/enabled is always)`,
    effect:
      'a page counts as 2 MiB however little of it is used: RSS is higher than elsewhere, and grows in steps',
    remedy: 'compare only with machines that do the same, or set it to madvise',
    checks: ['memory-budget', 'memory-leak'],
  };
};

const overcommit: Rule = (_, record) =>
  textIn(record.run.environment.facts ?? [], 'overcommit') === 'strict'
    ? {
        warning: 'overcommit',
        scenarios: [],
        seen: 'this machine promises no more memory than it has (vm.overcommit_memory is 2)',
        effect:
          'an allocation may fail while much memory is free, as V8 reserves more than it uses: the target may end before it is over budget',
        remedy: 'measure with vm.overcommit_memory 0, or know that production has 2 as well',
        checks: ['target-alive', 'memory-budget'],
      }
    : null;

const memoryPressure: Rule = (sightings) => {
  const found = affected(
    sightings,
    ({ facts }) => (numberIn(facts, 'memoryPressureRatio') ?? 0) - MEMORY_PRESSURE_RATIO,
  );
  if (found === null) return null;
  return {
    warning: 'memory-pressure',
    scenarios: found.scenarios,
    seen: `in ${percent(numberIn(found.worst.facts, 'memoryPressureRatio') ?? 0)} of the time something on this machine waited for memory`,
    effect:
      'pages are taken from whoever does not use them, so RSS falls for no reason of the target, and latencies rise',
    remedy: 'close what else uses memory there',
    checks: ['memory-budget', 'responsiveness'],
  };
};

export const memoryRules: Rule[] = [
  oomKill,
  targetSwapped,
  memoryLimit,
  memoryHigh,
  memoryLimitHit,
  machineSwapping,
  memoryPressure,
  hugePages,
  overcommit,
];

import type { Finding, LeakEvidence, Report } from '../../harness/model.ts';
import { formatRate } from '../../reports/format.ts';

/** What a run says about a server, reduced to the question of this bench. */
export interface Reading {
  verdict: 'leak' | 'no leak' | 'not decided';
  /** Each path that leaks, with its rate and unit. */
  leaks: string[];
  /** What `cleanup` found left behind, and whatever else did not pass: one line each. */
  others: string[];
}

/**
 * - `leak`: a path was found to leak, or file descriptors, sockets or processes stayed behind.
 * - `no leak`: the run came to its end, at least one path was measured, and all of it passed.
 * - `not decided`: anything else, a run without a report included. So a broken run is never a clean server.
 */
export function readReport(report: Report | null): Reading {
  if (report === null) return { verdict: 'not decided', leaks: [], others: ['the run made no report'] };
  const findings = report.scenarios.flatMap((scenario) => scenario.findings);
  const measured = findings.filter((finding) => finding.check === 'memory-leak');
  const leaking = measured.filter(({ outcome }) => outcome === 'fail');
  const bad = findings.filter(({ outcome }) => outcome !== 'pass');
  const isLeftBehind = bad.some(({ check, outcome }) => check === 'cleanup' && outcome === 'fail');
  const isClean = report.complete && report.verdict.outcome === 'pass' && measured.length > 0;
  return {
    verdict: leaking.length > 0 || isLeftBehind ? 'leak' : isClean ? 'no leak' : 'not decided',
    leaks: leaking.map(({ evidence }) => describeLeak(evidence)),
    others: [
      ...(report.complete ? [] : ['the run did not come to its end']),
      ...(measured.length > 0 ? [] : ['no leak rate was measured']),
      ...bad
        .filter(({ check, outcome }) => check !== 'memory-leak' || outcome !== 'fail')
        .map((finding) => describeOther(finding)),
    ],
  };
}

/** In the unit that explains the growth, where the cycles tell it; otherwise in that of the path. */
function describeLeak({ path, unit, cause, rates, ratePerUnitBytes }: LeakEvidence): string {
  const explained = rates.find((rate) => rate.unit === cause);
  return `${path}: ${formatRate(explained?.ratePerUnitBytes ?? ratePerUnitBytes, explained?.unit ?? unit)}`;
}

const COUNTS = { fd: 'file descriptors', socket: 'sockets', process: 'processes' };

function describeOther({ scenario, check, subject, outcome, evidence }: Finding): string {
  const what = `${outcome}: ${scenario} / ${check}${subject === '' ? '' : ` (${subject})`}`;
  if (check !== 'cleanup' || outcome !== 'fail') return what;
  const left = Object.entries(COUNTS).flatMap(([name, label]) => {
    const [was, is] = [evidence[`${name}BeforeCount`], evidence[`${name}AfterCount`]];
    return was === is ? [] : [`${label} ${was} → ${is}`];
  });
  return `${what}: ${left.join(', ')}`;
}

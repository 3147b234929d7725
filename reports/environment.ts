import type { EnvironmentWarning, Report } from '../harness/model.ts';
import { factLabel, factValue } from './facts.ts';
import type { PrintedFact } from './leak-words.ts';

/** A fact of the surroundings, ready to print. */
export interface PrintedSource extends PrintedFact {
  source: string;
}

/** `memory-limit` → `memory limit`. */
export function warningTitle({ warning }: EnvironmentWarning): string {
  return warning.replaceAll('-', ' ');
}

/** Effect and remedy in one sentence each; what was seen is for the reporter to set off. */
export function warningWords({ effect, remedy }: EnvironmentWarning): string {
  return `${sentence(effect)} ${sentence(remedy)}`;
}

/** ` (churn and 3 more)`; empty where it holds for the whole run, or for each of its scenarios. */
export function warningPlaces({ scenarios }: EnvironmentWarning, report: Report): string {
  const [first, ...others] = scenarios;
  if (first === undefined || scenarios.length === report.scenarios.length) return '';
  return others.length === 0 ? ` (${first})` : ` (${first} and ${others.length} more)`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What is known of the machine, or of a target's process, in the order in which it was read. */
export function printedFacts(facts: Report['environment']['facts']): PrintedSource[] {
  return facts.map(({ name, value, source }) => ({
    label: factLabel(name),
    value: value === null ? 'not readable' : factValue(name, value),
    source,
  }));
}

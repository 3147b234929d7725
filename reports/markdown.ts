import { htmlEscape } from 'escape-goat';
import type { Finding, Report, Reporter, RunConfig } from '../harness/model.ts';
import { printedFacts, warningPlaces, warningTitle, warningWords } from './environment.ts';
import { evidenceFacts, findingTitle } from './facts.ts';
import {
  formatBytes,
  formatCount,
  formatCounts,
  formatDuration,
  incompleteNote,
  outcomeSymbols,
  unitsNote,
} from './format.ts';
import { budgetSentence } from './leak-words.ts';
import { fingerprintSection } from './markdown-fingerprint.ts';
import { block, clip, withinBytes } from './markdown-size.ts';
import { codeBlock, escapeLines, escapeMarkdown, escapeNames, table } from './markdown-text.ts';
import { remoteWords } from './remote-words.ts';
import { sparkline } from './sparkline.ts';
import { oneLine } from './text.ts';
import { loadTimings, percentiles, percentileTitles, timingTitles } from './timings.ts';

export interface MarkdownOptions {
  /** UTF-8 bytes that it may have; details go first where it would be more. */
  maxBytes?: number;
}

/** GitHub refuses a job's summary above this as a whole. */
const defaultMaxBytes = 1024 * 1024;

/** GitHub-flavoured Markdown for the summary of a CI job or a comment. Everything from outside is escaped. */
export const markdown: Reporter = {
  name: 'markdown',
  fileName: 'report.md',
  render: (report) => renderMarkdown(report),
};

export function renderMarkdown(report: Report, { maxBytes = defaultMaxBytes }: MarkdownOptions = {}): string {
  const verdict = verdictSection(report);
  const blocks = [
    block('needed', scenarioSection(report)),
    ...problemSections(report).map((text) => block('evidence', text)),
    block('evidence', warningSection(report)),
    block('evidence', fingerprintSection(report)),
    block('extra', timingSection(report)),
    block('extra', passedSection(report)),
    block('evidence', skippedSection(report)),
    block('needed', repeatSection(report)),
    block('extra', environmentSection(report)),
  ].filter(({ text }) => text !== '');
  return withinBytes(verdict, blocks, maxBytes);
}

function verdictSection({ verdict, complete, durationMs, config }: Report): string {
  const badge = `${outcomeSymbols[verdict.outcome]} ${escapeMarkdown(verdict.outcome.toUpperCase())}`;
  const facts = [
    formatCounts(verdict.counts),
    formatDuration(durationMs),
    `budget ${formatBytes(config.budgetBytes)}`,
  ];
  const lines = [`## ${badge}: hydrotest`, '', escapeMarkdown(clip(verdict.reason)), '', facts.join(' · ')];
  if (!complete) lines.push('', `> **Incomplete run.** ${incompleteNote}`);
  return lines.join('\n');
}

function scenarioSection({ scenarios }: Report): string {
  if (scenarios.length === 0) return 'No scenario was run.';
  const topBytes = Math.max(0, ...scenarios.flatMap(({ series }) => series.map(({ rssBytes }) => rssBytes)));
  const note = `Memory over time: RSS from zero to the run's highest reading, ${formatBytes(topBytes)}.`;
  const rows = scenarios.map((scenario) => [
    `**${escapeMarkdown(scenario.scenario)}**`,
    `${outcomeSymbols[scenario.outcome]} ${escapeMarkdown(scenario.outcome)}`,
    escapeMarkdown(clip(scenario.shown)),
    sparkline(scenario.series, topBytes) || '–',
    scenario.peakRssBytes === null ? '–' : formatBytes(scenario.peakRssBytes),
    formatCount(scenario.streamCount),
    formatDuration(scenario.durationMs),
  ]);
  const head = ['Scenario', 'Outcome', 'What was shown', 'Memory over time', 'Peak', 'Streams', 'Duration'];
  const text = table(head, ['---', '---', '---', '---', '---:', '---:', '---:'], rows);
  return topBytes === 0 ? text : `${text}\n\n${note}`;
}

/** What failed comes before what could not be decided. The heading goes with the first of them. */
function problemSections({ scenarios, config }: Report): string[] {
  const findings = scenarios.flatMap((scenario) => scenario.findings);
  const problems = [
    ...findings.filter(({ outcome }) => outcome === 'fail'),
    ...findings.filter(({ outcome }) => outcome !== 'fail' && outcome !== 'pass'),
  ];
  return problems.map((finding, index) => {
    const details = problemDetails(finding, config.budgetBytes);
    return index === 0 ? `### What went wrong\n\n${details}` : details;
  });
}

function passedSection({ scenarios }: Report): string {
  const passed = scenarios.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome === 'pass'));
  if (passed.length === 0) return '';
  const rows = passed.map((finding) => [
    escapeMarkdown(finding.scenario),
    escapeMarkdown(findingTitle(finding)),
    escapeMarkdown(clip(finding.reason)),
  ]);
  return [
    `<details><summary>${outcomeSymbols.pass} ${formatCount(passed.length)} passed</summary>`,
    '',
    table(['Scenario', 'Check', 'What was seen'], ['---', '---', '---'], rows),
    '',
    '</details>',
  ].join('\n');
}

// The summary is an HTML block until the blank line (CommonMark 4.6), so there HTML escapes count, not backslashes.
function problemDetails(finding: Finding, budgetBytes: number): string {
  const title = `${outcomeSymbols[finding.outcome]} ${oneLine(finding.scenario)} › ${findingTitle(finding)}`;
  const facts = evidenceFacts(finding).map(({ label, value }) => [escapeMarkdown(label), escapeLines(value)]);
  const time = budgetSentence(finding, budgetBytes);
  return [
    `<details open><summary>${escapeNames(htmlEscape(title))}</summary>`,
    '',
    escapeMarkdown(clip(finding.reason)),
    '',
    ...(time === null ? [] : [`**${escapeMarkdown(time)}**`, '']),
    ...(facts.length === 0 ? [] : [table(['Evidence', 'Value'], ['---', '---'], facts), '']),
    '</details>',
  ].join('\n');
}

function timingSection(report: Report): string {
  const timings = loadTimings(report);
  if (timings.length === 0) return '';
  const rows = timings.map(({ behaviour, name, summary }) => [
    escapeMarkdown(behaviour),
    timingTitles[name],
    formatCount(summary.count),
    ...percentiles(summary),
  ]);
  return [
    '### Times of the held load',
    '',
    table(
      ['Behaviour', 'What', 'Count', ...percentileTitles],
      ['---', '---', '---:', ...percentileTitles.map(() => '---:')],
      rows,
    ),
  ].join('\n');
}

function skippedSection({ skipped }: Report): string {
  if (skipped.length === 0) return '';
  const items = skipped.map(
    ({ scenario, reason }) => `- **${escapeMarkdown(scenario)}**: ${escapeMarkdown(reason)}`,
  );
  return ['### Skipped', '', ...items].join('\n');
}

function warningSection(report: Report): string {
  const { warnings } = report.environment;
  if (warnings.length === 0) return '';
  const items = warnings.map((warning) => {
    const seen = escapeMarkdown(`${warning.seen}${warningPlaces(warning, report)}`);
    return `- **${escapeMarkdown(warningTitle(warning))}**: ${seen}. ${escapeMarkdown(warningWords(warning))}`;
  });
  return ['### Surroundings that change figures', '', ...items].join('\n');
}

function repeatSection({ repeatCommand }: Report): string {
  return `### Repeat this run\n\n${codeBlock(repeatCommand)}`;
}

function environmentSection({ environment, config, runId, startedAt }: Report): string {
  const rows = [
    ['Run', escapeMarkdown(runId)],
    ['Started', escapeMarkdown(startedAt)],
    ['Target', escapeMarkdown(targetWords(config))],
    ...(config.remote ? [['Reached at', escapeMarkdown(remoteWords(config))]] : []),
    ['Seed', String(config.seed)],
    ['hydrotest', escapeMarkdown(environment.hydrotestVersion)],
    ['Node', escapeMarkdown(environment.nodeVersion)],
    ['Machine', escapeMarkdown(machineWords(environment))],
    ...printedFacts(environment.facts).map(({ label, value }) => [
      escapeMarkdown(label),
      escapeMarkdown(value),
    ]),
  ];
  return [
    '<details><summary>Environment</summary>',
    '',
    table(['', ''], ['---', '---'], rows),
    '',
    unitsNote,
    '',
    '</details>',
  ].join('\n');
}

function machineWords({ platform, cpuModel, cpuCount, memoryBytes }: Report['environment']): string {
  return `${platform}, ${cpuCount} × ${cpuModel}, ${formatBytes(memoryBytes)} of memory`;
}

function targetWords({ target }: RunConfig): string {
  if (target.mode === 'spawn') return target.command;
  return target.mode === 'attach'
    ? `process ${target.pid}`
    : `the process that listens on port ${target.port}`;
}

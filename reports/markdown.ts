import { htmlEscape } from 'escape-goat';
import type { Finding, Report, Reporter, RunConfig } from '../harness/model.ts';
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
import { codeBlock, escapeLines, escapeMarkdown, table } from './markdown-text.ts';
import { oneLine } from './text.ts';
import { loadTimings, percentiles, percentileTitles, timingTitles } from './timings.ts';

/** GitHub-flavoured Markdown for the summary of a CI job or a comment. Everything from outside is escaped. */
export const markdown: Reporter = {
  name: 'markdown',
  fileName: 'report.md',
  render: (report) => {
    const sections = [
      verdictSection(report),
      scenarioSection(report),
      problemSection(report),
      timingSection(report),
      fingerprintSection(report),
      skippedSection(report),
      detailsSection(report),
    ];
    return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
  },
};

function verdictSection({ verdict, complete, durationMs, config }: Report): string {
  const badge = `${outcomeSymbols[verdict.outcome]} ${verdict.outcome.toUpperCase()}`;
  const facts = [
    formatCounts(verdict.counts),
    formatDuration(durationMs),
    `budget ${formatBytes(config.budgetBytes)}`,
  ];
  const lines = [`## ${badge}: hydrotest`, '', escapeMarkdown(verdict.reason), '', facts.join(' · ')];
  if (!complete) lines.push('', `> **Incomplete run.** ${incompleteNote}`);
  return lines.join('\n');
}

function scenarioSection({ scenarios }: Report): string {
  if (scenarios.length === 0) return 'No scenario was run.';
  return table(
    ['Scenario', 'Outcome', 'What was shown', 'Peak memory', 'Streams', 'Duration'],
    ['---', '---', '---', '---:', '---:', '---:'],
    scenarios.map((scenario) => [
      `**${escapeMarkdown(scenario.scenario)}**`,
      `${outcomeSymbols[scenario.outcome]} ${scenario.outcome}`,
      escapeMarkdown(scenario.shown),
      scenario.peakRssBytes === null ? '–' : formatBytes(scenario.peakRssBytes),
      formatCount(scenario.streamCount),
      formatDuration(scenario.durationMs),
    ]),
  );
}

function problemSection({ scenarios, config }: Report): string {
  const problems = scenarios.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome !== 'pass'));
  if (problems.length === 0) return '';
  return [
    '### What went wrong',
    ...problems.map((finding) => problemDetails(finding, config.budgetBytes)),
  ].join('\n\n');
}

// The summary is an HTML block until the blank line (CommonMark 4.6), so there HTML escapes count, not backslashes.
function problemDetails(finding: Finding, budgetBytes: number): string {
  const title = `${outcomeSymbols[finding.outcome]} ${oneLine(finding.scenario)} › ${findingTitle(finding)}`;
  const facts = evidenceFacts(finding).map(({ label, value }) => [escapeMarkdown(label), escapeLines(value)]);
  const time = budgetSentence(finding, budgetBytes);
  return [
    `<details><summary>${htmlEscape(title)}</summary>`,
    '',
    escapeMarkdown(finding.reason),
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

function detailsSection({ environment, config, repeatCommand, runId, startedAt }: Report): string {
  const rows = [
    ['Run', escapeMarkdown(runId)],
    ['Started', escapeMarkdown(startedAt)],
    ['Target', escapeMarkdown(targetWords(config))],
    ['hydrotest', escapeMarkdown(environment.hydrotestVersion)],
    ['Node', escapeMarkdown(environment.nodeVersion)],
    ['Machine', escapeMarkdown(machineWords(environment))],
  ];
  return [
    '<details><summary>Environment, and how to repeat this run</summary>',
    '',
    table(['', ''], ['---', '---'], rows),
    '',
    codeBlock(repeatCommand),
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

import { htmlEscape } from 'escape-goat';
import type { Finding, Report, Reporter, RunConfig } from '../harness/model.ts';
import {
  evidenceFacts,
  findingTitle,
  formatBytes,
  formatCount,
  formatCounts,
  formatDuration,
  formatInterval,
  formatPercent,
  formatRate,
  incompleteNote,
  leakFindings,
  outcomeSymbols,
  probeWords,
  unitsNote,
} from './format.ts';
import { cleanText, oneLine } from './text.ts';

/** GitHub-flavoured Markdown for the summary of a CI job or a comment. Everything from outside is escaped. */
export const markdown: Reporter = {
  name: 'markdown',
  fileName: 'report.md',
  render: (report) => {
    const sections = [
      verdictSection(report),
      scenarioSection(report),
      problemSection(report),
      leakSection(report),
      skippedSection(report),
      detailsSection(report),
    ];
    return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
  },
};

/**
 * Text on one line with every character escaped that Markdown, its tables, GitHub's math or HTML could read as
 * markup. `://` and `www.` are broken up because GFM makes links of bare addresses (GFM 6.9), which backslashes do
 * not prevent.
 */
export function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/^[-+#=]/, '\\$&')
    .replace(/^(\d+)([.)])/, '$1\\$2')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/:\/\//g, '&#58;//')
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`);
}

/** A fence longer than any run of backticks in the text (CommonMark 4.5). */
function codeBlock(text: string): string {
  const clean = cleanText(text);
  const longest = Math.max(2, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${clean}\n${fence}`;
}

function table(head: string[], align: string[], rows: string[][]): string {
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

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

function problemSection({ scenarios }: Report): string {
  const problems = scenarios.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome !== 'pass'));
  if (problems.length === 0) return '';
  return ['### What went wrong', ...problems.map(problemDetails)].join('\n\n');
}

// The summary is an HTML block until the blank line (CommonMark 4.6), so there HTML escapes count, not backslashes.
function problemDetails(finding: Finding): string {
  const title = `${outcomeSymbols[finding.outcome]} ${oneLine(finding.scenario)} › ${findingTitle(finding)}`;
  const facts = evidenceFacts(finding).map(({ label, value }) => [escapeMarkdown(label), escapeLines(value)]);
  return [
    `<details><summary>${htmlEscape(title)}</summary>`,
    '',
    escapeMarkdown(finding.reason),
    '',
    ...(facts.length === 0 ? [] : [table(['Evidence', 'Value'], ['---', '---'], facts), '']),
    '</details>',
  ].join('\n');
}

function escapeLines(text: string): string {
  return cleanText(text).split('\n').map(escapeMarkdown).join('<br>');
}

function leakSection(report: Report): string {
  const findings = leakFindings(report);
  if (findings.length === 0) return '';
  const confidences = [...new Set(findings.map(({ evidence }) => formatPercent(evidence.confidence)))];
  const rows = findings.map(({ evidence, outcome }) => [
    escapeMarkdown(evidence.path),
    formatRate(evidence.ratePerUnitBytes, evidence.unit),
    formatInterval(evidence),
    formatBytes(evidence.deltaBytes),
    `${outcomeSymbols[outcome]} ${evidence.state}`,
    probeWords[evidence.probe],
  ]);
  return [
    '### Leak rates',
    '',
    table(
      ['Path', 'Leak rate', `Interval (${confidences.join(', ')})`, 'Leak above', 'State', 'Measured on'],
      ['---', '---:', '---:', '---:', '---', '---'],
      rows,
    ),
    '',
    'Leak rate: bytes kept for ever by each unit of work.',
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

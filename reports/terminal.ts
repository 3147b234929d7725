import type { Finding, Outcome, Report } from '../harness/model.ts';
import { warningPlaces, warningTitle, warningWords } from './environment.ts';
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
import { remoteWords } from './remote-words.ts';
import { fingerprintLines } from './terminal-fingerprint.ts';
import { hanging, indent, outcomeStyles, type Pen, penOf, type Style } from './terminal-pen.ts';
import { type Column, renderColumns } from './terminal-table.ts';
import { cleanText, oneLine, textWidth, wrapText } from './text.ts';
import { loadTimings, percentiles, percentileTitles, timingTitles } from './timings.ts';

export interface TerminalOptions {
  /** Width of the terminal in characters; 100 unless told, never taken below 80. */
  columns?: number;
  color?: boolean;
}

/**
 * Width and colour for a stream: colours on a terminal or with FORCE_COLOR, never with NO_COLOR (no-color.org: set
 * and not empty). FORCE_COLOR=0 switches them off, as Node itself reads it.
 */
export function terminalOptions(
  stream: { isTTY?: boolean; columns?: number },
  environment: NodeJS.ProcessEnv = process.env,
): Required<TerminalOptions> {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = environment;
  const forced = force !== undefined && force !== '0' && force !== 'false';
  const onTerminal = stream.isTTY === true && force === undefined && term !== 'dumb';
  return { columns: stream.columns || defaultColumns, color: (forced || onTerminal) && !no };
}

const defaultColumns = 100;
// Below this the scenario table would be columns of single words: let the terminal wrap it.
const minimumColumns = 80;
// Lines longer than this tire the eye, however wide the terminal is.
const maximumColumns = 140;

/** The report for a person at a terminal: verdict, a row a scenario, problems with evidence, leak rates. */
export function renderTerminal(report: Report, options: TerminalOptions = {}): string {
  const columns = Math.min(Math.max(options.columns ?? defaultColumns, minimumColumns), maximumColumns);
  const color = options.color ?? false;
  const pen = penOf(columns, color);
  const sections = [
    verdictLines(report, pen),
    scenarioLines(report, pen),
    ...problemSections(report, pen),
    warningLines(report, pen),
    timingLines(report, pen),
    fingerprintLines(report, pen),
    skippedLines(report, pen),
    wrapText(unitsNote, columns).map((line) => pen.paint('dim', line)),
  ];
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  return `${text.replace(/ +$/gm, '')}\n`;
}

/** What failed or could not be decided, with its evidence, below the verdict: what a failing test prints. */
export function renderProblems(report: Report, options: TerminalOptions = {}): string {
  const pen = penOf(options.columns ?? defaultColumns, options.color ?? false);
  const sections = [
    verdictLines(report, pen),
    ...problemSections(report, pen),
    warningLines(report, pen),
    skippedLines(report, pen),
  ];
  const text = sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
  return text.replace(/ +$/gm, '');
}

/** The verdict alone, where the report goes elsewhere. */
export function renderVerdict(report: Report, options: TerminalOptions = {}): string {
  const pen = penOf(options.columns ?? defaultColumns, options.color ?? false);
  return `${[...verdictLines(report, pen), ...warningSummary(report, pen)].join('\n')}\n`;
}

/** What of the surroundings changes the figures: each in a few lines. */
function warningLines(report: Report, pen: Pen): string[] {
  const { warnings } = report.environment;
  if (warnings.length === 0) return [];
  return [
    pen.paint('bold', 'Surroundings that change figures'),
    ...warnings.flatMap((warning) => {
      const seen = oneLine(`${warningTitle(warning)}: ${warning.seen}${warningPlaces(warning, report)}`);
      return [
        ...markedLines(seen, pen),
        ...hanging(oneLine(warningWords(warning)), indent.length, pen.columns).map((line) =>
          pen.paint('dim', line),
        ),
      ];
    }),
  ];
}

/** The same in one line, where the report goes elsewhere. */
function warningSummary({ environment: { warnings } }: Report, pen: Pen): string[] {
  if (warnings.length === 0) return [];
  const text = `surroundings that change figures: ${warnings.map(warningTitle).join(', ')}`;
  return markedLines(text, pen);
}

/** Behind a mark, and indented as far where a line is not enough. */
function markedLines(text: string, pen: Pen): string[] {
  const [first = '', ...others] = hanging(text, indent.length, pen.columns);
  return [`! ${first.trimStart()}`, ...others].map((line) => pen.paint('yellow', line));
}

function verdictLines(
  { verdict, durationMs, complete, config, environment, runId }: Report,
  pen: Pen,
): string[] {
  const { outcome } = verdict;
  const badge = `${outcomeSymbols[outcome]} ${oneLine(outcome).toUpperCase()}`;
  const style: Style = ['bold', ...[outcomeStyles[outcome]].flat()];
  const sentence = hanging(oneLine(verdict.reason), textWidth(badge) + 2, pen.columns);
  sentence[0] = `${pen.paint(style, badge)}  ${(sentence[0] ?? '').trimStart()}`;
  const facts = [
    formatCounts(verdict.counts),
    formatDuration(durationMs),
    `budget ${formatBytes(config.budgetBytes)}`,
    `hydrotest ${oneLine(environment.hydrotestVersion)}`,
    `run ${oneLine(runId)}`,
    ...(config.remote ? [`reached at ${oneLine(remoteWords(config))}`] : []),
  ];
  const lines = [...sentence, ...wrapItems(facts, pen.columns).map((line) => pen.paint('dim', line))];
  if (!complete)
    lines.push('', ...wrapText(`! ${incompleteNote}`, pen.columns).map((l) => pen.paint('yellow', l)));
  return lines;
}

/** Items with dots between them; lines break between items only. */
function wrapItems(items: string[], columns: number): string[] {
  const noBreakSpace = '\u00a0';
  const text = items.map((item) => item.replaceAll(' ', noBreakSpace)).join(' · ');
  return wrapText(text, columns).map((line) => line.replaceAll(noBreakSpace, ' '));
}

function scenarioLines({ scenarios }: Report, pen: Pen): string[] {
  if (scenarios.length === 0) return [pen.paint('bold', 'No scenario was run.')];
  const columns: Column[] = [
    { title: 'Scenario', maximum: 18 },
    { title: 'Outcome' },
    { title: 'What was shown', fills: true },
    { title: 'Peak memory', align: 'right' },
    { title: 'Streams', align: 'right' },
    { title: 'Duration', align: 'right' },
  ];
  const rows = scenarios.map((scenario) => [
    { text: oneLine(scenario.scenario), style: (line: string) => pen.paint('bold', line) },
    outcomeCell(scenario.outcome, pen),
    { text: oneLine(scenario.shown), maximumLines: scenario.outcome === 'pass' ? 4 : 6 },
    { text: scenario.peakRssBytes === null ? '–' : formatBytes(scenario.peakRssBytes) },
    { text: formatCount(scenario.streamCount) },
    { text: formatDuration(scenario.durationMs) },
  ]);
  return renderColumns(columns, rows, pen.columns, (head) => pen.paint('dim', head));
}

function outcomeCell(outcome: Outcome, pen: Pen) {
  return {
    text: `${outcomeSymbols[outcome]} ${oneLine(outcome)}`,
    style: (line: string) => pen.paint(outcomeStyles[outcome], line),
  };
}

function problemSections({ scenarios, config }: Report, pen: Pen): string[][] {
  const problems = scenarios.flatMap(({ findings }) => findings.filter(({ outcome }) => outcome !== 'pass'));
  if (problems.length === 0) return [];
  return [
    [pen.paint('bold', 'What went wrong')],
    ...problems.map((finding) => problemLines(finding, config.budgetBytes, pen)),
  ];
}

function problemLines(finding: Finding, budgetBytes: number, pen: Pen): string[] {
  const title = `${outcomeSymbols[finding.outcome]} ${oneLine(finding.scenario)} › ${findingTitle(finding)}`;
  const facts = evidenceFacts(finding);
  const labelWidth = Math.min(Math.max(0, ...facts.map(({ label }) => textWidth(label))), 32);
  const time = budgetSentence(finding, budgetBytes);
  return [
    ...wrapText(title, pen.columns).map((line) => pen.paint(outcomeStyles[finding.outcome], line)),
    ...hanging(cleanText(finding.reason), indent.length, pen.columns),
    ...(time === null
      ? []
      : hanging(time, indent.length, pen.columns).map((line) => pen.paint('bold', line))),
    ...facts.flatMap(({ label, value }) => factLines(label, value, labelWidth, pen)),
  ];
}

function factLines(label: string, value: string, labelWidth: number, pen: Pen): string[] {
  const names = wrapText(label, labelWidth);
  const values = wrapText(value, pen.columns - 2 * indent.length - labelWidth - 2);
  return Array.from({ length: Math.max(names.length, values.length) }, (_, line) => {
    const name = names[line] ?? '';
    const padding = ' '.repeat(labelWidth - textWidth(name) + 2);
    return `${indent}${indent}${pen.paint('dim', name)}${padding}${values[line] ?? ''}`;
  });
}

function timingLines(report: Report, pen: Pen): string[] {
  const timings = loadTimings(report);
  if (timings.length === 0) return [];
  const columns: Column[] = [
    { title: 'Behaviour' },
    { title: 'What' },
    { title: 'Count', align: 'right' },
    ...percentileTitles.map((title) => ({ title, align: 'right' as const })),
  ];
  const rows = timings.map(({ behaviour, name, summary }, index) => [
    { text: timings[index - 1]?.behaviour === behaviour ? '' : behaviour },
    { text: timingTitles[name] },
    { text: formatCount(summary.count) },
    ...percentiles(summary).map((text) => ({ text })),
  ]);
  return [
    pen.paint('bold', 'Times of the held load'),
    ...renderColumns(columns, rows, pen.columns, (head) => pen.paint('dim', head)),
  ];
}

function skippedLines({ skipped }: Report, pen: Pen): string[] {
  if (skipped.length === 0) return [];
  const entries = skipped.flatMap(({ scenario, reason }) => {
    const name = oneLine(scenario);
    return hanging(`${name}: ${oneLine(reason)}`, indent.length, pen.columns);
  });
  return [pen.paint('bold', 'Skipped'), ...entries];
}

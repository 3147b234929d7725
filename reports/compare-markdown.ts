import type { Comparison } from '../harness/model.ts';
import {
  changeSymbols,
  changeWords,
  countWords,
  effectWords,
  intervalNote,
  marginWords,
  metricName,
  sideLines,
  sideWords,
  sorted,
  spreadWords,
} from './compare-words.ts';
import { unitsNote } from './format.ts';
import { escapeMarkdown, table } from './markdown-text.ts';

/** What changed, for a pull request or the summary of a CI job. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { change, reason, counts, familyError, unlike } = comparison;
  const parts = [
    `## ${changeSymbols[change]} hydrotest compare: ${changeWords[change]}`,
    escapeMarkdown(reason),
    escapeMarkdown(countWords(counts)),
    [...sideLines('Baseline', comparison.baseline), ...sideLines('Run', comparison.run)]
      .map((line) => `- ${escapeMarkdown(line)}`)
      .join('\n'),
  ];
  if (unlike.length > 0) {
    const rows = unlike.map(({ what, baseline, run }) => [what, baseline, run].map(escapeMarkdown));
    parts.push(
      'The runs are unlike, and were compared all the same:',
      table(['What', 'Baseline', 'Run'], ['---', '---', '---'], rows),
    );
  }
  if (comparison.metrics.length > 0) {
    const rows = sorted(comparison).map((metric) =>
      [
        metricName(metric),
        `${changeSymbols[metric.change]} ${changeWords[metric.change]}`,
        sideWords(metric, 'baseline'),
        sideWords(metric, 'run'),
        effectWords(metric),
        marginWords(metric),
        [metric.spread === null ? '' : spreadWords[metric.spread], metric.reason ?? '']
          .filter((text) => text !== '')
          .join('; '),
      ].map(escapeMarkdown),
    );
    parts.push(
      table(
        ['Metric', 'Change', 'Baseline', 'Run', 'By how much (interval)', 'Relevant from', 'Note'],
        ['---', '---', '--:', '--:', '--:', '--:', '---'],
        rows,
      ),
    );
  }
  parts.push(escapeMarkdown(`${intervalNote(familyError)} ${unitsNote}`));
  return `${parts.join('\n\n')}\n`;
}

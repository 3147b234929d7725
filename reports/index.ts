import type { Reporter } from '../harness/model.ts';
import { html } from './html.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { markdown } from './markdown.ts';

/** The reporters that write a file each. The terminal is apart: it writes to a stream. */
export const reporters: Reporter[] = [json, junit, markdown, html];

export { comparisonMarkdown } from './compare-markdown.ts';
export { renderComparison } from './compare-terminal.ts';
export { type MarkdownOptions, renderMarkdown } from './markdown.ts';
export {
  renderProblems,
  renderTerminal,
  renderVerdict,
  type TerminalOptions,
  terminalOptions,
} from './terminal.ts';
export { trendPage } from './trend.ts';
export { html, json, junit, markdown };

import { htmlEscape } from 'escape-goat';
import type { Outcome } from '../harness/model.ts';
import { cleanText } from './text.ts';

/** HTML that is ready to be written. Only `html` and `trusted` make it, so that nothing gets in unescaped. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

/** Template tag: text is cleaned of control characters and escaped, markup goes in as it is, lists are joined. */
export function html(strings: TemplateStringsArray, ...values: Value[]): Markup {
  const markup = strings.reduce((text, part, index) => text + render(values[index - 1] ?? '') + part);
  return { markup };
}

function render(value: Value): string {
  if (typeof value === 'string') return htmlEscape(cleanText(value));
  if (typeof value === 'number') return String(value);
  if ('markup' in value) return value.markup;
  return value.map(({ markup }) => markup).join('');
}

/** Text of our own that must not be escaped: style sheets and scripts. Never for text from outside. */
export function trusted(markup: string): Markup {
  return { markup };
}

export const nothing: Markup = { markup: '' };

/** Text whose direction cannot reach its neighbours: names of keys, phases and paths may be of any script. */
export function isolated(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

/** A command, a URL: in lines that break between words, not at the hyphens of an option. */
export function code(text: string): Markup {
  const words = cleanText(text).split(/(\s+)/);
  return html`<code>${words.map((word) => (word.trim() === '' ? html`${word}` : html`<span>${word}</span>`))}</code>`;
}

/** Label and value pairs; values are text or markup. */
export function definitionList(
  className: string,
  pairs: readonly (readonly [string, string | Markup])[],
): Markup {
  const rows = pairs.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`);
  return html`<dl class="${className}">${rows}</dl>`;
}

const glyphs: Record<Outcome, Markup> = {
  pass: html`<path d="M4.6 8.3l2.3 2.3 4.6-4.9"/>`,
  fail: html`<path d="M5.4 5.4l5.2 5.2m0-5.2l-5.2 5.2"/>`,
  inconclusive: html`<path d="M6.1 6.2c.1-1.1.9-1.7 1.9-1.7s1.9.7 1.9 1.6c0 1.3-1.8 1.4-1.9 2.7M8 11.3v.2"/>`,
  invalid: html`<path d="M8 4.5v4.3M8 11.3v.2"/>`,
};

/** A disc with the sign of the outcome. The outcome is always written beside it as well. */
export function outcomeIcon(outcome: Outcome): Markup {
  return html`<svg class="icon ${outcome}" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="8"/>${glyphs[outcome]}</svg>`;
}

/** Of a run, or a scenario, that has no outcome yet. */
export const runningIcon = html`<svg class="icon running" viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="8"/><path d="M8 4.2V8l2.6 1.7"/></svg>`;

export const runningPill = html`<span class="pill running">${runningIcon}<span>running</span></span>`;

export function outcomePill(outcome: Outcome): Markup {
  return html`<span class="pill ${outcome}">${outcomeIcon(outcome)}<span>${outcome}</span></span>`;
}

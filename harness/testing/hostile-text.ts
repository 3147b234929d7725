import { html, json, junit, markdown, renderMarkdown, renderTerminal } from '../../reports/index.ts';
import { failingReport } from '../../reports/testing/sample-report.ts';
import type { Report } from '../model.ts';
import { explain } from '../test-suite.ts';

/** Controls of terminals, C1, direction, NUL; markup of HTML, Markdown and XML; all of it says `hostile`. */
export const payload = [
  '\x1b[31mhostile\x1b[2J\x1b]52;c;aG9zdGlsZQ==\x07\x1bP1$r0m\x1b\\ \u009b31m\u009d0;hostile\u009c \u202ehostile\u2066 \0\x07\b\r',
  '<img src=hostile onerror=hostile()> " onhostile="1 \' onhostile=\'1 </script><script>hostile()</script>',
  '![hostile](http://hostile.example/x.png) [hostile](javascript:hostile()) | `hostile` ``` @hostile-team ]]> <!-- -->',
  '# hostile',
].join('\n');

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
const controls = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

const tag = /<[a-z!/][^\s>]*(?:\s+(?:"[^"]*"|'[^']*'|[^"'>])*)?>/gi;

/** What the payload has made of a page, in words; null: nothing. */
export function pageFault(page: string): string | null {
  const scripts = page.match(/<script\b|<\/script\b/gi)?.length ?? 0;
  return scripts === plainScripts ? elementFault(page) : `${scripts} tags of scripts`;
}

/** The same, but for the number of scripts. */
export function elementFault(page: string): string | null {
  for (const [element] of page.replace(/<(script|style)\b[^>]*>.*?<\/\1>/gs, '').matchAll(tag)) {
    if (/hostile/.test(element.replace(/"[^"]*"/g, ''))) return element;
    if (/(href|src|action|style|on\w+)="[^"]*(hostile|javascript:)/.test(element)) return element;
  }
  return null;
}

const plainScripts = html.render(failingReport()).match(/<script\b|<\/script\b/gi)?.length ?? 0;

/** The same of a text in Markdown: outside of code nothing of it is left that has a meaning. */
export function markdownFault(text: string): string | null {
  const prose = text.replace(/^(`{3,})[^`\n]*\n.*?\n\1$/gms, '').replace(/\\[\\`*_[\]|~$#+=.)-]/g, '');
  const name = /<img|<script|<\/script|@hostile/.exec(prose);
  if (name !== null) return name[0];
  // A block of HTML until the blank line (CommonMark 4.6): Markdown has no meaning there.
  const found = /\]\(javascript|\]\(http:\/\/hostile|`hostile|@hostile|^# hostile/m.exec(
    prose.replace(/^<details[^\n]*<summary>[^\n]*<\/summary>$/gm, ''),
  );
  return found?.[0] ?? null;
}

export function junitFault(text: string): string | null {
  return /<img|<script|<\/script/.exec(text.replace(/<!\[CDATA\[.*?\]\]>/gs, ''))?.[0] ?? null;
}

export type Look = [
  name: string,
  render: (report: Report) => string,
  faultOf: (text: string) => string | null,
];
export const none = () => null;
/** Everything that shows a report. */
export const looks: Look[] = [
  ['terminal', (report) => renderTerminal(report), none],
  ['explain', explain, none],
  ['markdown', (report) => markdown.render(report) as string, markdownFault],
  ['step summary', (report) => renderMarkdown(report, { maxBytes: 6_000 }), markdownFault],
  ['junit', (report) => junit.render(report) as string, junitFault],
  ['json', (report) => json.render(report) as string, none],
  ['html', (report) => html.render(report) as string, pageFault],
];

/** A control that may not be there, or what else is wrong with it; null: nothing. */
export function faultIn(text: string, faultOf: (text: string) => string | null): string | null {
  const control = controls.exec(text)?.[0];
  return control === undefined ? faultOf(text) : `U+${control.charCodeAt(0).toString(16)}`;
}

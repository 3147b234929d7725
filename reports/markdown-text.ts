import { cleanText, oneLine } from './text.ts';

/**
 * Text on one line with every character escaped that Markdown, its tables, GitHub's math or HTML could read as
 * markup. `://` and `www.` are broken up because GFM makes links of bare addresses (GFM 6.9), which backslashes do
 * not prevent. Whom an `@` names GitHub would send a message: a comment, which nobody sees, keeps it from being a name.
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
    .replace(/\bwww\./gi, (www) => `${www.slice(0, -1)}&#46;`)
    .replace(/@(?=\w)/g, namesNobody);
}

const namesNobody = '@<!-- -->';

/** HTML-escaped text in a block of HTML within Markdown: there, too, GitHub looks for names. */
export function escapeNames(text: string): string {
  return text.replace(/@(?=\w)/g, namesNobody);
}

/** A fence longer than any run of backticks in the text (CommonMark 4.5). */
export function codeBlock(text: string): string {
  const clean = cleanText(text);
  const longest = Math.max(2, ...[...clean.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${clean}\n${fence}`;
}

export function table(head: string[], align: string[], rows: string[][]): string {
  return [head, align, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Escaped text that keeps its lines, for a cell of a table. */
export function escapeLines(text: string): string {
  return cleanText(text).split('\n').map(escapeMarkdown).join('<br>');
}

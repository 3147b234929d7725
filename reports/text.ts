import { stripVTControlCharacters } from 'node:util';

/**
 * Text from outside (a target's output, a file name, a header) made fit to print: no terminal escapes, no control
 * characters, no lone surrogates, no bidirectional controls that could turn a line around. Line feeds stay, tabs
 * become a space. What is left is safe in a terminal and legal in XML 1.0 (section 2.2); it is not yet escaped.
 */
export function cleanText(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r\n?|[\u2028\u2029\u0085]/g, '\n')
      .replace(/\t/g, ' ')
      // \p{Cc} controls, \p{Cs} lone surrogates, then bidirectional and invisible controls and the two
      // non-characters that XML forbids. Joiners (U+200C, U+200D) stay: scripts and emoji need them.
      .replace(
        /(?!\n)[\p{Cc}\p{Cs}]|[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff]/gu,
        '',
      )
  );
}

/** `cleanText` on one line: every run of white space is one space. */
export function oneLine(text: string): string {
  return cleanText(text).replace(/\s+/g, ' ').trim();
}

const wide =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}]/u;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** Columns that a clean line takes in a terminal (East Asian Width, UAX 11): 2 for wide characters and emoji. */
export function textWidth(line: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(line)) columns += wide.test(segment) ? 2 : 1;
  return columns;
}

/** Clean text in lines of at most `columns`; words longer than a line are broken. Keeps line feeds. */
export function wrapText(text: string, columns: number): string[] {
  const width = Math.max(columns, 2);
  return text.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, width));
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of paragraph.split(' ').filter((part) => part !== '')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = '';
    for (const { segment } of graphemes.segment(word)) {
      if (textWidth(line + segment) > width) {
        lines.push(line);
        line = '';
      }
      line += segment;
    }
  }
  return [...lines, line];
}

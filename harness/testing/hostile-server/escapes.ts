const ESC = '\u001b';
const BEL = '\u0007';

/**
 * What must never reach a terminal as it is: a colour and a cleared screen (CSI), a window title, the clipboard (OSC 52), a link
 * (OSC 8), a device control string, the same with C1 controls, a bell, backspaces, overrides of the direction, and NUL.
 */
export const escapes = [
  `${ESC}[31mred${ESC}[2J`,
  `${ESC}]0;title${BEL}`,
  `${ESC}]52;c;ZXZpbA==${BEL}`,
  `${ESC}]8;;http://evil.example/${ESC}\\link${ESC}]8;;${ESC}\\`,
  `${ESC}P1$r0m${ESC}\\`,
  '\u009b31mC1\u009d52;c;ZXZpbA==\u009c\u0090q\u009c',
  `bell${BEL} back\b\b\b\b`,
  '\u202eright\u202c\u2066isolated\u2069\u200f',
  '\u0085next\u2028line\u2029paragraph',
  'nul\u0000del\u007f',
].join(' ');

/** Markup of HTML, of Markdown, of XML. */
export const markup =
  '<script>alert(1)</script><img src=x onerror="alert(2)">\'"&amp; ![x](http://evil.example/x.png) [y](javascript:alert(3)) @somebody #1 `code` |cell| ]]> <!-- --> https://evil.example www.evil.example';

/** Without C0 and DEL, which no header may hold; C1 in UTF-8 stay. */
export function forHeader(text: string): string {
  return [...text].filter((character) => character >= ' ' && character !== '\u007f').join('');
}

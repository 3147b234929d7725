/** What is kept of a text that the server chose the length of: a Retry-After, the reason of a goodbye. */
export const maxKeptLength = 300;
const maxQuotedLength = 60;

/** Controls that JSON leaves as they are: C1 and DEL, those of direction and line, what is not seen. */
const hidden = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Foreign text, fit for an error message: between quotation marks, short, and with every control character written out. */
export function quote(text: string): string {
  return JSON.stringify(cut(text, maxQuotedLength)).replace(
    hidden,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Foreign text as far as it is kept. A copy: V8 keeps the whole of a long text alive for a slice of it. */
export function shortened(text: string): string {
  if (text.length <= maxKeptLength) return text;
  // UTF-16 there and back is exact for any text.
  return Buffer.from(cut(text, maxKeptLength), 'utf16le').toString('utf16le');
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

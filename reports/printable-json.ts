/** Controls that JSON leaves as they are, and a terminal may not: C1 and DEL, those of direction and line. */
const controls = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** JSON that a terminal may be shown as it is. It reads back as the same value. */
export function printableJson(value: object, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(controls, escaped);
}

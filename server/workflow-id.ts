/** Starts with a letter or digit, so neither `.` nor `..` nor a hidden folder; no separators of any system. */
const validId = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** A device on Windows, in any folder and with whatever behind a dot (`con`, `nul.txt`); refused everywhere, so that ids can move. */
const deviceName = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i;

/** Where the SQLite store keeps all workflows, in the same folder: a workflow of that name would be in its way. */
const databaseName = /^events\.db(-|$)/i;

export const workflowIdRule =
  '1 to 128 letters, digits, dots, underscores or hyphens, starting with a letter or digit, without ".." or a dot at the end, and neither a device name such as "con" nor "events.db"';

export function isWorkflowId(text: string): boolean {
  return (
    validId.test(text) &&
    !text.includes('..') &&
    !text.endsWith('.') &&
    !deviceName.test(text) &&
    !databaseName.test(text)
  );
}

/** Decodes a path segment once, as it came over the wire, then checks it. Null: not a workflow id. */
export function parseWorkflowId(segment: string): string | null {
  try {
    const decoded = decodeURIComponent(segment);
    return isWorkflowId(decoded) ? decoded : null;
  } catch {
    return null; // a torn escape such as `%zz`
  }
}

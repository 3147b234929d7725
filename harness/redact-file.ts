import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { HydrotestError, messageOf } from './errors.ts';
import { redact } from './redact.ts';

/** Lines are gathered into pieces of about this size: a log of a gigabyte needs no memory to speak of. */
const PIECE_BYTES = 2 ** 20;

/**
 * Takes the secrets out of a text file, such as a target's output, which the target writes itself. The file is replaced at once, and only if
 * there was something to hide. Line by line, but for lines of more than a piece. Without such a file nothing happens.
 *
 * A program that writes into it meanwhile would write into the old one: it must have ended.
 * @throws HydrotestError `journal` when there are secrets and they cannot be taken out, as on a full disk: then the file is removed.
 */
export async function redactFile(path: string): Promise<void> {
  const changed = `${path}.redacted`;
  try {
    // Looked for first: a full disk is no reason to fail where nothing is to be written.
    if (!(await hasSecrets(path))) return;
    await writeRedacted(path, changed);
    await rename(changed, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    await rm(path, { force: true });
    const message = messageOf(cause);
    throw new HydrotestError(
      'journal',
      `the secrets in ${path} could not be taken out, so it was removed: ${message}. Free space, or give another --out.`,
      { cause },
    );
  } finally {
    await rm(changed, { force: true });
  }
}

async function hasSecrets(path: string): Promise<boolean> {
  for await (const piece of piecesOf(path)) if (redact(piece) !== piece) return true;
  return false;
}

async function writeRedacted(path: string, changed: string): Promise<void> {
  const output = await open(changed, 'w');
  try {
    for await (const piece of piecesOf(path)) await output.appendFile(redact(piece));
  } finally {
    await output.close();
  }
}

/** Whole lines, but for those that are longer than a piece. */
async function* piecesOf(path: string): AsyncGenerator<string> {
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES });
  let rest = '';
  for await (const piece of input as AsyncIterable<string>) {
    const text = rest + piece;
    const end = text.length > 2 * PIECE_BYTES ? text.length : text.lastIndexOf('\n') + 1;
    rest = text.slice(end);
    if (end > 0) yield text.slice(0, end);
  }
  if (rest !== '') yield rest;
}

import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { redact } from './redact.ts';

/** Lines are gathered into pieces of about this size: a log of a gigabyte needs no memory to speak of. */
const PIECE_BYTES = 2 ** 20;

/**
 * Takes the secrets out of a text file, such as a target's output, which the target writes itself. The file is replaced at once, and only if
 * there was something to hide. Line by line, but for lines of more than a piece. Without such a file nothing happens.
 *
 * A program that writes into it meanwhile would write into the old one: it must have ended. Rejects when it cannot be written.
 */
export async function redactFile(path: string): Promise<void> {
  const changed = `${path}.redacted`;
  const input = createReadStream(path, { encoding: 'utf8', highWaterMark: PIECE_BYTES });
  let isChanged = false;
  let output: Awaited<ReturnType<typeof open>> | null = null;
  const hide = (text: string) => {
    const redacted = redact(text);
    if (redacted !== text) isChanged = true;
    return redacted;
  };
  try {
    let rest = '';
    for await (const piece of input as AsyncIterable<string>) {
      output ??= await open(changed, 'w');
      const text = rest + piece;
      const end = text.length > 2 * PIECE_BYTES ? text.length : text.lastIndexOf('\n') + 1;
      rest = text.slice(end);
      if (end > 0) await output.appendFile(hide(text.slice(0, end)));
    }
    if (output === null) return;
    await output.appendFile(hide(rest));
    await output.close();
    output = null;
    if (isChanged) await rename(changed, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  } finally {
    await output?.close();
    await rm(changed, { force: true });
  }
}

import { readFileSync } from 'node:fs';
import { messageOf } from './errors.ts';
import { usage } from './option-values.ts';
import { fieldName, fieldValue } from './streams/http-request.ts';

/**
 * The headers that `--header` or the configuration gives: an object, or lines of `Name: value`. A line `@file` stands for the lines of
 * that file, as with curl: what is secret then stands on no command line, where every user of the machine can read it.
 *
 * @throws HydrotestError `usage`, which names no value.
 */
export function headersOf(given: Record<string, string> | string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  const pairs = Array.isArray(given) ? given.flatMap(linesOf).map(splitHeader) : Object.entries(given);
  for (const [name, value] of pairs) {
    const isName = fieldName.test(name);
    if (!isName || !fieldValue.test(value))
      throw usage(
        `--header ${isName ? `"${name}"` : '(its name)'} is not a valid header: write it as "Name: value", on one line, in ASCII or Latin-1.`,
      );
    headers[name] = value;
  }
  return headers;
}

function linesOf(line: string): string[] {
  if (!line.startsWith('@')) return [line];
  const path = line.slice(1);
  try {
    return readFileSync(path, 'utf8')
      .split(/\r?\n/)
      .filter((one) => one.trim() !== '');
  } catch (cause) {
    throw usage(`--header @${path}: the file cannot be read (${messageOf(cause)}).`);
  }
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  // Not quoted: it is as good as always a value without its name.
  if (colon < 1)
    throw usage(
      '--header has a line without a name: write it as "Name: value", or @file for a file of such lines.',
    );
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

import type { UserConfig } from './config.ts';
import { HIDDEN, redact } from './redact.ts';

/**
 * The command line that repeats a run, for a shell. Values of headers, and what looks like a secret elsewhere, stand as `(hidden)`, to be
 * filled in by who has them; a file of headers is named as it was.
 */
export function repeatCommand(user: UserConfig, seed: number): string {
  const words = ['hydrotest', 'run'];
  for (const [name, value] of Object.entries({ ...user, seed })) {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    // Where the reports and the figures go is no part of what is repeated.
    if (value === undefined || name === 'reporter' || name === 'history') continue;
    if (name === 'header') {
      const names = Array.isArray(value)
        ? value.map((line) => (line.startsWith('@') ? line : nameOf(line)))
        : Object.keys(value as object).map(nameOf);
      for (const header of names) words.push(option, quote(header));
    } else if (name === 'inspect') {
      if (value === false) words.push('--no-inspect');
    } else if (typeof value === 'boolean') {
      if (value) words.push(option);
    } else if (name === 'mix' && typeof value === 'object') {
      const parts = Object.entries(value).map(([behaviour, weight]) => `${behaviour}:${weight}`);
      words.push(option, quote(parts.join(',')));
    } else if (name === 'send') {
      // A message may have commas.
      for (const message of [value].flat()) words.push(option, quote(String(message)));
    } else if (name === 'reply') {
      const lines = Array.isArray(value) ? value : Object.entries(value).map((pair) => pair.join('='));
      for (const line of lines) words.push(option, quote(line));
    } else {
      words.push(option, quote(Array.isArray(value) ? value.join(',') : String(value)));
    }
  }
  return words.join(' ');
}

function nameOf(line: string): string {
  return `${line.split(':')[0] ?? ''}: ${HIDDEN}`;
}

function quote(secret: string): string {
  const text = redact(secret);
  return /^[\w./:,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

import type { UserConfig } from './config.ts';

/** The command line that repeats a run, for a shell. Header values are left out: they can be tokens. */
export function repeatCommand(user: UserConfig, seed: number): string {
  const words = ['hydrotest', 'run'];
  for (const [name, value] of Object.entries({ ...user, seed })) {
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    // Where the reports and the figures go is no part of what is repeated.
    if (value === undefined || name === 'reporter' || name === 'history') continue;
    if (name === 'header') {
      const names = Array.isArray(value)
        ? value.map((line) => line.split(':')[0] ?? '')
        : Object.keys(value as object);
      for (const header of names) words.push(option, quote(`${header}: …`));
    } else if (name === 'inspect') {
      if (value === false) words.push('--no-inspect');
    } else if (typeof value === 'boolean') {
      if (value) words.push(option);
    } else if (name === 'mix' && typeof value === 'object') {
      const parts = Object.entries(value).map(([behaviour, weight]) => `${behaviour}:${weight}`);
      words.push(option, quote(parts.join(',')));
    } else {
      words.push(option, quote(Array.isArray(value) ? value.join(',') : String(value)));
    }
  }
  return words.join(' ');
}

function quote(text: string): string {
  return /^[\w./:,@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

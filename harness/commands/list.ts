import { scenarios } from '../../scenarios/index.ts';
import { presets } from '../presets.ts';
import { behaviours } from '../streams/behaviours.ts';
import { protocols } from '../streams/protocols.ts';

/** `hydrotest list`: what there is to run. */
export function listCommand(): void {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, proves, paths } of scenarios) {
    process.stdout.write(`${name.padEnd(width)}  ${proves}\n`);
    if (paths.length === 0) continue;
    const list = paths.map((path) => path.replaceAll(' ', '-')).join(', ');
    process.stdout.write(`${' '.repeat(width)}    paths: ${list}\n`);
  }
  table('behaviours, for --mix', Object.values(behaviours));
  table('protocols, for --protocol', Object.values(protocols));
  table(
    'presets, for --preset',
    Object.entries(presets).map(([name, { describes }]) => ({ name, describes })),
  );
}

function table(title: string, rows: { name: string; describes: string }[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, describes }) => `${name.padEnd(width)}  ${describes}\n`);
  process.stdout.write(`\n${title}:\n${lines.join('')}`);
}

import { scenarios } from '../../scenarios/index.ts';
import { behaviours } from '../streams/behaviours.ts';

/** `hydrotest list`: what there is to run. */
export function listCommand(): void {
  const width = Math.max(...scenarios.map(({ name }) => name.length));
  for (const { name, proves, paths } of scenarios) {
    process.stdout.write(`${name.padEnd(width)}  ${proves}\n`);
    if (paths.length === 0) continue;
    const list = paths.map((path) => path.replaceAll(' ', '-')).join(', ');
    process.stdout.write(`${' '.repeat(width)}    paths: ${list}\n`);
  }
  const longest = Math.max(...Object.keys(behaviours).map((name) => name.length));
  process.stdout.write('\nbehaviours, for --mix:\n');
  for (const { name, describes } of Object.values(behaviours)) {
    process.stdout.write(`${name.padEnd(longest)}  ${describes}\n`);
  }
}

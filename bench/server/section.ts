import { measureAppends } from './appends.ts';
import { measureIdleCpu, measureLoadCpu } from './cpu.ts';
import { measureFanOut } from './fan-out.ts';
import { type Measurement, type MeasureOptions, renderMarkdown } from './measurement.ts';
import { measureMemory } from './memory.ts';

/** By its name on the command line of main.ts; each starts servers and clients of its own and ends them. */
export const measurements: Record<string, ((options: MeasureOptions) => Promise<Measurement>)[]> = {
  memory: [measureMemory],
  'fan-out': [measureFanOut],
  appends: [measureAppends],
  cpu: [measureIdleCpu, measureLoadCpu],
};

/** All of them, as a section of a document: some 12 minutes with 3 rounds, one with `quick`. */
export async function measureServer(
  options: MeasureOptions,
): Promise<{ title: string; command: string; markdown: string }> {
  const tables: string[] = [];
  for (const measure of Object.values(measurements).flat())
    tables.push(renderMarkdown(await measure(options)));
  const { rounds, quick } = options;
  return {
    title: 'The reference server under load',
    command: `node bench/server/main.ts --rounds ${rounds}${quick ? ' --quick' : ''}`,
    markdown: tables.join('\n'),
  };
}

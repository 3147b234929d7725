import { oneLine } from '../../reports/text.ts';
import type { RunStatus } from '../run.ts';
import { clock } from './block.ts';
import type { Progress } from './progress.ts';

/** In a log, a phase of many minutes still says every so often that it is alive. */
const LOG_INTERVAL_MS = 15_000;

/** A plain line for each phase. */
export function plainProgress(stream: NodeJS.WritableStream): Progress {
  let last = '';
  let loggedAt = Number.NEGATIVE_INFINITY;
  return {
    update(status) {
      const place = `${status.scenario} ${status.phase}`;
      if (place === last && performance.now() - loggedAt < LOG_INTERVAL_MS) return;
      last = place;
      loggedAt = performance.now();
      stream.write(`${describe(status)}\n`);
    },
    note: (text) => void stream.write(`${text}\n`),
    close() {},
  };
}

function describe({ scenario, position, total, phase, cycle, elapsedMs, rssBytes }: RunStatus): string {
  const parts = [`${clock(elapsedMs)}  ${position}/${total} ${oneLine(scenario)}: ${oneLine(phase)}`];
  if (cycle !== null) parts.push(oneLine(cycle));
  if (rssBytes !== null) parts.push(`${Math.round(rssBytes / 1e6)} MB`);
  return parts.join(' · ');
}

import { setTimeout as wait } from 'node:timers/promises';
import { startBenchServer } from './bench-server.ts';
import { startChild } from './child.ts';
import type { ClientReport, Contender, Fault, InstalledContender } from './contender.ts';

/** Whether a contender noticed a fault, and whose work that was. */
export type Noticed = 'yes' | 'by own code' | 'no';

const routes: Record<Fault, string> = { refusal: '/full', 'silent-close': '/silent-close', gap: '/gap' };
export const faults = Object.keys(routes) as Fault[];

const lookEveryMs = 50;
const answeredWithinMs = 30_000;
/** Of tools that can't be stopped, from the first stream on. */
const holdSeconds = 4;
const endWithinMs = 60_000;

/**
 * One stream to each faulty route, and one to their clean twin: a fault is noticed when the contender counted it there
 * and not at the twin. Contenders that do not tell are not asked.
 *
 * @throws Error when it never asked for the route, or did not report as it does.
 */
export async function noticeFaults(
  { noticing }: Contender,
  installed: InstalledContender,
): Promise<Record<Fault, Noticed>> {
  const noticed: Record<Fault, Noticed> = { refusal: 'no', 'silent-close': 'no', gap: 'no' };
  const told = faults.filter((fault) => noticing[fault] !== 'not told');
  if (told.length === 0) return noticed;
  const clean = await reportOf(installed, '/clean');
  for (const fault of told) {
    const faulty = await reportOf(installed, routes[fault]);
    if (isNoticed(fault, faulty, clean))
      noticed[fault] = noticing[fault] === 'own code' ? 'by own code' : 'yes';
  }
  return noticed;
}

/** Who counts a fault also where there is none has not noticed it. */
export function isNoticed(fault: Fault, faulty: ClientReport, clean: ClientReport): boolean {
  return (countOf(fault, faulty) ?? 0) > 0 && (countOf(fault, clean) ?? 0) === 0;
}

function countOf(fault: Fault, { refusalCount, closeCount, gapCount }: ClientReport): number | null {
  return { refusal: refusalCount, 'silent-close': closeCount, gap: gapCount }[fault];
}

async function reportOf(contender: InstalledContender, route: string): Promise<ClientReport> {
  const server = await startBenchServer();
  try {
    const child = await startChild(
      await contender.command({ url: `${server.url}${route}`, streamCount: 1, holdSeconds }),
    );
    try {
      const deadlineMs = performance.now() + answeredWithinMs;
      while ((await server.stats()).playedOutCount === 0 && !child.hasEnded()) {
        if (performance.now() > deadlineMs) throw new Error(`did not ask for ${route}`);
        await wait(lookEveryMs);
      }
      await Promise.race([wait(contender.reportsWithinMs), child.output]);
      return contender.read(await child.stop(contender.stopSignal, endWithinMs));
    } finally {
      await child.stop('SIGKILL', 0);
    }
  } finally {
    await server.close();
  }
}

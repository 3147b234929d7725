/**
 * How many connections a second are opened to addresses that are not loopback, by all scenarios and processes of a run together.
 * Whoever is at the other end did not all agree to a load test: a proxy, a container's network, another team's server. 50 a second is what a
 * busy dashboard sees after a deploy, and no more than one `curl` loop makes; leaks and limits show at it as well, only later. So it has no
 * option: who needs more runs hydrotest on the server's own machine, over loopback.
 */
export const MOST_REMOTE_PER_SECOND = 50;

/** Evenly and never in a burst: then no second has more, wherever it begins. Somewhat slower, as timers and networks bunch. */
const MARGIN = 0.95;

/** What worker processes divide among them while there are some; the rest is the main process's. */
export const WORKERS_SHARE = 0.9;

let share = 1;
let timer: NodeJS.Timeout | null = null;
let lastAtMs = Number.NEGATIVE_INFINITY;
/** How many turns each one that waits wants. */
const waiting: { turns: number; go: () => void }[] = [];

/** The part of the rate that this process has: workers divide it among them. From here on, also for those who wait already. */
export function setShare(ratio: number): void {
  share = ratio;
}

/** Calls `go` when so many connections may be opened, in the order of asking. */
export function takeTurn(turns: number, go: () => void): void {
  waiting.push({ turns, go });
  schedule();
}

function schedule(): void {
  const first = waiting[0];
  if (timer !== null || first === undefined) return;
  const spacingMs = (1000 * first.turns) / (MOST_REMOTE_PER_SECOND * MARGIN * share);
  const inMs = Math.max(0, lastAtMs + spacingMs - performance.now());
  timer = setTimeout(() => {
    timer = null;
    // Timers of Node can be a millisecond early.
    if (performance.now() < lastAtMs + spacingMs) return schedule();
    waiting.shift();
    lastAtMs = performance.now();
    first.go();
    schedule();
  }, Math.ceil(inMs));
}

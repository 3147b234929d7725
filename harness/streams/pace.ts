/**
 * How many connections a second are opened to addresses that are not loopback, by all scenarios and processes of a run together.
 * Whoever is at the other end did not all agree to a load test: a proxy, a container's network, another team's server. 50 a second is what a
 * busy dashboard sees after a deploy, and no more than one `curl` loop makes; leaks and limits show at it as well, only later. So it has no
 * option: who needs more runs hydrotest on the server's own machine, over loopback.
 */
export const MOST_REMOTE_PER_SECOND = 50;

/** Evenly and never in a burst: then no second has more, wherever it begins. Somewhat slower, as timers and networks bunch. */
const MARGIN = 0.95;

/**
 * Time is divided into slots of this length, in each of which at most one connection begins. Processes of a run share the machine's
 * monotonic clock and have different slots: however many workers there are, they never begin together.
 */
export const SLOT_MS = 1000 / (MOST_REMOTE_PER_SECOND * MARGIN);

/** While there are workers, each tenth slot is the main process's, and the others are divided among them. */
const MAIN_EVERY = 10;

/** Which slots this process has. */
export type Seat = 'alone' | 'beside workers' | { index: number; count: number };

let seat: Seat = 'alone';
let timer: NodeJS.Timeout | null = null;
let lastSlot = 0;
/** How many slots each one that waits wants. */
const waiting: { turns: number; go: () => void }[] = [];

/** From here on, also for those who wait already. */
export function takeSeat(next: Seat): void {
  seat = next;
  if (timer !== null) clearTimeout(timer);
  timer = null;
  schedule();
}

/** Calls `go` when so many connections may be opened, in the order of asking. */
export function takeTurn(turns: number, go: () => void): void {
  waiting.push({ turns, go });
  schedule();
}

function schedule(): void {
  const first = waiting[0];
  if (timer !== null || first === undefined) return;
  // What was missed is lost: it is not caught up with.
  let slot = Math.max(lastSlot, Math.floor(nowMs() / SLOT_MS));
  for (let turn = 0; turn < first.turns; turn += 1) slot = nextSlot(seat, slot + 1);
  const wait = () => {
    const leftMs = slot * SLOT_MS - nowMs();
    // Timers of Node can be a millisecond early.
    timer = leftMs > 0 ? setTimeout(wait, Math.ceil(leftMs)) : null;
    if (timer !== null) return;
    waiting.shift();
    lastSlot = slot;
    first.go();
    schedule();
  };
  wait();
}

/** The first slot from this one on that belongs to a seat. */
export function nextSlot(of: Seat, from: number): number {
  if (of === 'alone') return from;
  if (of === 'beside workers') return Math.ceil(from / MAIN_EVERY) * MAIN_EVERY;
  for (let slot = from; ; slot += 1) {
    if (slot % MAIN_EVERY !== 0 && (slot - Math.floor(slot / MAIN_EVERY) - 1) % of.count === of.index)
      return slot;
  }
}

/** On Linux, macOS and Windows it counts from the machine's start (performance.now: from the process's). */
function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

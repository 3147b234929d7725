export interface StormMember {
  /** Called at each strike, all members in one turn of the event loop. */
  drop(): void;
}

interface Storm {
  members: Set<StormMember>;
  timer: NodeJS.Timeout;
}

const storms = new Map<number, Storm>();

/**
 * The machine's monotonic clock, in milliseconds, which processes share: members in several of them are struck
 * together. (On Linux, macOS and Windows it counts from the machine's start; performance.now from the process's.)
 */
function nowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** From here on the member drops at each multiple of the period. */
export function joinStorm(periodMs: number, member: StormMember): void {
  const storm = storms.get(periodMs);
  if (storm !== undefined) storm.members.add(member);
  else storms.set(periodMs, { members: new Set([member]), timer: schedule(periodMs, nowMs()) });
}

/** The last to leave stops the clock. */
export function leaveStorm(periodMs: number, member: StormMember): void {
  const storm = storms.get(periodMs);
  if (storm === undefined) return;
  storm.members.delete(member);
  if (storm.members.size > 0) return;
  clearTimeout(storm.timer);
  storms.delete(periodMs);
}

function schedule(periodMs: number, afterMs: number): NodeJS.Timeout {
  const momentMs = (Math.floor(afterMs / periodMs) + 1) * periodMs;
  return setTimeout(strike, Math.max(0, momentMs - nowMs()), periodMs, momentMs);
}

function strike(periodMs: number, momentMs: number): void {
  const storm = storms.get(periodMs);
  if (storm === undefined) return;
  // From the moment it was meant for: a timer that is early must not strike twice. One that is late skips.
  storm.timer = schedule(periodMs, Math.max(momentMs, nowMs()));
  for (const member of [...storm.members]) member.drop();
}

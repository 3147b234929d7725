import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const types = ['agent_started', 'tool_called', 'tool_result', 'message', 'agent_finished'];
const BATCH = 10_000;
/** One in so many is of this type. */
const RARE_EVERY = 100_000;
export const rareType = 'agent_failed';
export const firstMs = Date.UTC(2026, 0, 1);
/** An event a millisecond. */
export const madeAt = (n: number) => firstMs + n;

/** Event n as agents write it: its type, its time, and 20 to 200 bytes of text. */
function madeLine(n: number): string {
  const type = n % RARE_EVERY === RARE_EVERY / 2 ? rareType : types[n % types.length];
  const text = 'as it was said '.repeat(14).slice(0, 20 + ((n * 37) % 180));
  return `{"type":"${type}","timestamp":"${new Date(madeAt(n)).toISOString()}","step":${n},"text":"${text}"}\n`;
}

/** Makes `<dir>/<workflowId>/events.jsonl` of so many events, unless it is there. Returns its path. */
export function makeLog(dir: string, workflowId: string, eventCount: number): string {
  const folder = join(dir, workflowId);
  const path = join(folder, 'events.jsonl');
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const unfinished = join(folder, 'unfinished');
  const file = openSync(unfinished, 'w');
  for (let n = 0; n < eventCount; ) {
    let text = '';
    for (const end = Math.min(eventCount, n + BATCH); n < end; n += 1) text += madeLine(n);
    writeSync(file, text);
  }
  closeSync(file);
  renameSync(unfinished, path);
  return path;
}

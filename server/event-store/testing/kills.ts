import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killedEvent } from './killed-event.ts';
import { type Row, SqliteFolder } from './sqlite-folder.ts';

/** What is wrong after kills, in words; empty where all is as it should be. */
export interface KillResult {
  killCount: number;
  problems: string[];
}

interface KillOptions {
  killCount: number;
  /** From 0 up to 1. */
  random(): number;
}

const child = fileURLToPath(new URL('./store-child.ts', import.meta.url));

interface StoreChild {
  process: ChildProcess;
  /** Its lines so far. */
  readonly output: string;
}

function start(args: string[]): StoreChild {
  const started = spawn(process.execPath, [child, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
  let output = '';
  started.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return {
    process: started,
    get output() {
      return output;
    },
  };
}

const isGone = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

/** Kills it with SIGKILL once it is time, unless it has ended by then. Resolves with its output when it is gone. */
async function killWhen(args: string[], isTime: (output: string) => boolean): Promise<string> {
  const started = start(args);
  const closed = once(started.process, 'close');
  while (!isGone(started.process) && !isTime(started.output)) await turn();
  started.process.kill('SIGKILL');
  await closed;
  return started.output;
}

const isDone = (output: string) => output.endsWith('done\n');
const never = () => false;

/** The process, as long as it has begun, is to be killed after a random time up to the given one. */
function within(mostMs: number, random: () => number): (output: string) => boolean {
  let killAtMs: number | null = null;
  return (output) => {
    if (!output.includes('begun')) return false;
    killAtMs ??= performance.now() + mostMs * random();
    return performance.now() >= killAtMs;
  };
}

/** Compares rows with the events of these numbers, in order. */
function compare(rows: readonly Row[], first: number, last: number, what: string): string[] {
  let end = 0;
  for (let n = 1; n < first; n += 1) end += killedEvent(n).line.length + 1;
  for (let n = first; n <= last; n += 1) {
    const { line } = killedEvent(n);
    end += line.length + 1;
    const row = rows[n - first];
    if (row?.id !== end || row.line !== line.toString()) {
      return [`${what}: event ${n} is ${JSON.stringify(row ?? null)}, not ${end}: ${line}`];
    }
  }
  return rows.length === last - first + 1 ? [] : [`${what}: ${rows.length} events, not ${last - first + 1}`];
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Kills imports of one log in the middle, until the last one is let through. */
export async function killImports(
  eventCount: number,
  { killCount, random }: KillOptions,
): Promise<KillResult> {
  const folder = new SqliteFolder();
  try {
    let text = '';
    for (let n = 1; n <= eventCount; n += 1) text += `${killedEvent(n).line}\n`;
    mkdirSync(join(folder.root, 'w'));
    writeFileSync(join(folder.root, 'w', 'events.jsonl'), text);
    let kills = 0;
    let output = '';
    while (!isDone(output)) {
      if (kills < killCount) {
        const written = () => sizeOf(folder.path) + sizeOf(`${folder.path}-wal`);
        // Mostly while it writes; the database grows to about 1.3 times the log.
        const goal = written() + 0.6 * random() * text.length;
        output = await killWhen(['import', folder.root], (said) => said !== '' && written() > goal);
        if (!isDone(output)) kills += 1;
        if (isDone(output) && kills < killCount) {
          await folder.fresh();
          output = '';
        }
      } else output = await killWhen(['import', folder.root], never);
    }
    return { killCount: kills, problems: compare(await folder.live(), 1, eventCount, 'import') };
  } finally {
    await folder.remove();
  }
}

/** Kills processes that append with keys; each that follows sends again what its predecessor got no answer for. */
export async function killAppends({ killCount, random }: KillOptions): Promise<KillResult> {
  const folder = new SqliteFolder();
  const problems: string[] = [];
  try {
    let acknowledged = 0;
    for (let kills = 0; kills < killCount; kills += 1) {
      const from = acknowledged + 1;
      const args = ['append', folder.path, String(from), String(from + 1_000_000)];
      const answers = 1 + Math.floor(20 * random());
      const output = await killWhen(args, (said) => said.split('\n').length > answers + 1);
      acknowledged = Number(/^(\d+)$/m.exec(output.trimEnd().split('\n').at(-1) ?? '')?.[1] ?? acknowledged);
      const rows = await folder.live();
      if (rows.length < acknowledged) problems.push(`append: ${rows.length} of ${acknowledged} are stored`);
      problems.push(...compare(rows, 1, rows.length, 'append'));
    }
    return { killCount, problems };
  } finally {
    await folder.remove();
  }
}

/** Kills processes that archive; what is in the archive and what is left is always all there was. */
export async function killArchiving(
  eventCount: number,
  { killCount, random }: KillOptions,
): Promise<KillResult> {
  const folder = new SqliteFolder();
  const problems: string[] = [];
  try {
    const fill = async () => {
      await folder.fresh();
      const store = folder.open();
      await store.append(
        'w',
        Array.from({ length: eventCount }, (_, index) => killedEvent(index + 1)),
      );
      await store.close();
    };
    await fill();
    let kills = 0;
    while (kills < killCount) {
      const args = ['archive', folder.path, String(eventCount)];
      const output = await killWhen(args, within(400, random));
      if (!isDone(output)) kills += 1;
      const [archived, live] = [await folder.archived(), await folder.live()];
      problems.push(...compare([...archived, ...live], 1, eventCount, `archive after ${archived.length}`));
      if (archived.length === eventCount - 1) await fill();
    }
    return { killCount: kills, problems };
  } finally {
    await folder.remove();
  }
}

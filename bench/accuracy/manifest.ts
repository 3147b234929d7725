/**
 * The corpus of the accuracy bench: small servers, one folder each, that leak in a known way or only look as if they did.
 * `leaky.ts` and `clean.ts` of a folder are twins; what is to be found on them stands in its `case.json`.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { DoseUnit, LeakState, Outcome, ProtocolName } from '../../harness/model.ts';

export const CASES_DIR = fileURLToPath(new URL('cases', import.meta.url));
export const MISFITS_DIR = fileURLToPath(new URL('misfits', import.meta.url));

export const LIFECYCLE_PATHS = [
  'graceful close',
  'abrupt drop',
  'drop before the first byte',
  'slow reader',
  'reconnect',
  'new key each time',
  'deadline',
  'rejection',
  'event to held streams',
  'idle',
] as const;
export type LifecyclePath = (typeof LIFECYCLE_PATHS)[number];

export const CASE_PROTOCOLS = ['sse', 'websocket'] as const satisfies readonly ProtocolName[];
export type CaseProtocol = (typeof CASE_PROTOCOLS)[number];

const units = ['connection', 'event', 'rejection', 'second'] satisfies DoseUnit[];
const states = ['stable', 'leak', 'bounded', 'late-release', 'inconclusive', 'invalid'] satisfies LeakState[];
const outcomes = ['pass', 'fail', 'inconclusive', 'invalid'] satisfies Outcome[];

/** `{node}` and `{server}` are filled in by the loader, `{port}` and `{deadline}` are left to whoever starts it, `{lastEventId}` of a URL to its client. */
const command = z.string().includes('{server}').default('{node} {server}');
const url = z.string().includes('{port}').default('http://127.0.0.1:{port}/events/{key}');

/** Further options for the command line of hydrotest. */
const args = z.array(z.string()).default([]);

const leakySchema = z.strictObject({
  /** `cleanup-fail`: not bytes but something that is counted is kept, such as file descriptors. */
  expect: z.enum(['leak', 'cleanup-fail']),
  unit: z.enum(units),
  /** Kept for ever a unit, in V8 heap and array buffers over all processes, as measure-truth.ts found it; null: there is no one figure, see the note. */
  trueBytes: z.number().positive().nullable(),
  note: z.string(),
});

const cleanSchema = z.strictObject({
  /** Verdicts that are right. */
  allowed: z.array(z.enum(states)).min(1),
  unit: z.enum(units),
  /** What measure-truth.ts found once everything that is filled had filled: about zero. */
  measuredBytes: z.number(),
  note: z.string(),
});

const caseSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9-]+$/),
  /** One sentence. */
  describes: z.string().min(1),
  /** On which it shows. */
  path: z.enum(LIFECYCLE_PATHS),
  /** What the server speaks. The names of those with WebSockets begin with `ws-`. */
  protocol: z.enum(CASE_PROTOCOLS).default('sse'),
  leaky: leakySchema.nullable(),
  clean: cleanSchema.nullable(),
  args,
  url,
  command,
  /** Streams that have to be open besides for the defect to show. */
  heldStreams: z.int().nonnegative().default(0),
  /** Units of work until everything that is filled has filled, and milliseconds until what is held for some time has gone. */
  settles: z
    .strictObject({ units: z.int().nonnegative(), ms: z.int().nonnegative() })
    .default({ units: 0, ms: 0 }),
  /** A run takes minutes: a quarter as many of its clean side. */
  slow: z.boolean().default(false),
  /** Also to be run while others use up the processor. */
  pressure: z.boolean().default(false),
  /** Keeps as many bytes a connection as LEAK_BYTES says. */
  power: z.boolean().default(false),
});

const misfitSchema = z.strictObject({
  name: z.string(),
  describes: z.string(),
  /** Of the whole run; any of them is right. */
  outcomes: z.array(z.enum(outcomes)).min(1),
  /** A part of what the report should say, for people. */
  note: z.string(),
  args,
  url,
  command,
});

export type Side = 'leaky' | 'clean';
export type AccuracyCase = z.infer<typeof caseSchema>;
export type Misfit = z.infer<typeof misfitSchema>;

/**
 * All cases, in the order of their names.
 * @throws Error that names the folder whose manifest is not valid, is named otherwise, or does not fit the files beside it.
 */
export function loadCases(): AccuracyCase[] {
  return readdirSync(CASES_DIR, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map(loadCase);
}

function loadCase(folder: string): AccuracyCase {
  const file = join(CASES_DIR, folder, 'case.json');
  const parsed = caseSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file} is not valid:\n${z.prettifyError(parsed.error)}`);
  const found = parsed.data;
  if (found.name !== folder) throw new Error(`${file}: its folder is not called "${found.name}"`);
  for (const side of ['leaky', 'clean'] as const) {
    const hasServer = existsSync(serverFile(found, side));
    if (hasServer !== (found[side] !== null)) {
      throw new Error(
        `${file}: ${side}.ts ${hasServer ? 'stands beside it and it says nothing of it' : 'is missing'}`,
      );
    }
  }
  if ((found.protocol === 'websocket') !== folder.startsWith('ws-'))
    throw new Error(`${file}: ws- at the head of a name stands for "protocol": "websocket"`);
  if (sidesOf(found).length === 0) throw new Error(`${file}: there is no server`);
  return found;
}

/** Servers on which no run may pass. */
export function loadMisfits(): Misfit[] {
  const file = join(MISFITS_DIR, 'misfits.json');
  return z.array(misfitSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
}

export function sidesOf(found: AccuracyCase): Side[] {
  return (['leaky', 'clean'] as const).filter((side) => found[side] !== null);
}

/** For a shell, with what is not known here left in: `{port}` and `{deadline}`. */
export function commandOf(found: AccuracyCase, side: Side): string {
  return fillCommand(found.command, serverFile(found, side));
}

export function misfitCommand(misfit: Misfit): string {
  return fillCommand(misfit.command, join(MISFITS_DIR, `${misfit.name}.ts`));
}

function serverFile({ name }: AccuracyCase, side: Side): string {
  return join(CASES_DIR, name, `${side}.ts`);
}

function fillCommand(template: string, server: string): string {
  return template.replaceAll('{node}', `'${process.execPath}'`).replaceAll('{server}', `'${server}'`);
}

import { accessSync, constants, existsSync, lstatSync, statSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { renderTerminal, reporters, terminalOptions } from '../reports/index.ts';
import { importDefault } from './config.ts';
import { messageOf } from './errors.ts';
import { JOURNAL_NAME } from './journal.ts';
import type { Report, ReporterFunction } from './model.ts';
import { listOf, usage } from './option-values.ts';

/** A report that is to be made: what writes it, and where it goes. */
export interface ReportOrder {
  /** As the user names it. */
  name: string;
  render: ReporterFunction;
  destination: Destination;
}

type Destination =
  | { kind: 'run-folder'; fileName: string }
  /** An absolute path. */
  | { kind: 'file'; path: string }
  | { kind: 'stdout' };

export interface WrittenReports {
  /** Of the files. */
  paths: string[];
  /** One sentence for each report that could not be made or written. */
  failures: string[];
}

export const terminal: ReportOrder = {
  name: 'terminal',
  render: (report) => renderTerminal(report, terminalOptions(process.stdout)),
  destination: { kind: 'stdout' },
};

/**
 * What `--reporter` asks for, each `name` or `name=path`; nothing given: the terminal's and all files. Modules are loaded
 * here, so that a mistake in one is found before anything runs.
 *
 * @throws HydrotestError `usage` for names, paths and modules that make no sense.
 */
export async function orderReports(given: string[] | string | undefined): Promise<ReportOrder[]> {
  const list: unknown[] = [given ?? []].flat();
  if (!list.every((text) => typeof text === 'string'))
    throw usage('config: reporter: must be a list of reporters.');
  const said = list.flatMap(listOf);
  if (said.length === 0) {
    if (given !== undefined) throw usage('--reporter is empty: name one, such as --reporter html.');
    return [terminal, ...reporters.map(({ name }) => builtIn(name, null) as ReportOrder)];
  }
  const orders: ReportOrder[] = [];
  for (const text of said) orders.push(await orderOf(text));
  const taken = new Map<string, string>();
  for (const { name, destination } of orders) {
    const place = placeOf(destination);
    const other = taken.get(place);
    if (other !== undefined) {
      const same = other === name ? `${name} is given twice` : `${other} and ${name} go to the same place`;
      throw usage(`--reporter: ${same} (${place}): give each a path of its own, such as ${name}=path.`);
    }
    taken.set(place, name);
  }
  return orders;
}

async function orderOf(text: string): Promise<ReportOrder> {
  const split = text.indexOf('=');
  const name = split < 0 ? text : text.slice(0, split);
  const path = split < 0 ? null : text.slice(split + 1);
  if (path === '') throw usage(`--reporter "${text}" has no path after "=": write for example ${name}=path.`);
  if (path !== null && !isStdout(path) && existsSync(path) && statSync(path).isDirectory()) {
    throw usage(`--reporter "${text}": ${path} is a folder: name a file in it.`);
  }
  if (path !== null && !isStdout(path)) {
    const lack = whyNotWritable(resolve(path));
    if (lack !== null) throw usage(`--reporter "${text}" cannot be written: ${lack}.`);
  }
  return builtIn(name, path) ?? (await ownModule(name, path));
}

/**
 * What stands against a file at this place, told before a run that takes minutes; null: nothing, as far as can be seen
 * beforehand. Nothing is made for it: a folder that is not there may be made where the one above it may be changed.
 */
function whyNotWritable(path: string): string | null {
  const isThere = existsSync(path);
  let place = path;
  while (!existsSync(place) && dirname(place) !== place) place = dirname(place);
  try {
    if (!isThere && !statSync(place).isDirectory()) return `${place} is a file and no folder`;
    accessSync(place, isThere ? constants.W_OK : constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    return clauseOf(error);
  }
}

function builtIn(name: string, path: string | null): ReportOrder | null {
  if (name === terminal.name) {
    if (path === null || isStdout(path)) return terminal;
    // A file has no width and shows no colour.
    return { name, render: (report) => renderTerminal(report), destination: destinationOf(path, '') };
  }
  const reporter = reporters.find((one) => one.name === name);
  if (reporter === undefined) return null;
  return {
    name,
    render: (report) => reporter.render(report),
    destination: destinationOf(path, reporter.fileName),
  };
}

async function ownModule(name: string, path: string | null): Promise<ReportOrder> {
  if (!/[/\\.]/.test(name)) {
    const names = [terminal, ...reporters].map((reporter) => reporter.name).join(', ');
    throw usage(
      `--reporter ${name}: there is no such reporter. There are ${names}; a module of your own is given by its path, such as ./${name}.ts.`,
    );
  }
  const file = resolve(name);
  if (!existsSync(file)) throw usage(`--reporter ${name} does not exist (looked for ${file}).`);
  const render = await importDefault(file);
  if (typeof render !== 'function') {
    throw usage(
      `--reporter ${name} has no function as its default export: write "export default (report) => text".`,
    );
  }
  return {
    name,
    render: render as ReporterFunction,
    destination: destinationOf(path, `${basename(name, extname(name))}.txt`),
  };
}

function isStdout(path: string): boolean {
  return path === '-' || path === 'stdout';
}

function destinationOf(path: string | null, fileName: string): Destination {
  if (path === null) return { kind: 'run-folder', fileName };
  return isStdout(path) ? { kind: 'stdout' } : { kind: 'file', path: resolve(path) };
}

function placeOf(destination: Destination): string {
  if (destination.kind === 'stdout') return 'stdout';
  return destination.kind === 'file' ? destination.path : `${destination.fileName} in the run's folder`;
}

/** Makes reports that are ordered, in files and on stdout. One that fails keeps none of the others away. */
export async function writeReports(
  report: Report,
  folder: string,
  orders: ReportOrder[],
): Promise<WrittenReports> {
  const journal = join(folder, JOURNAL_NAME);
  const written = new Set<string>();
  const failures: string[] = [];
  for (const { name, render, destination } of orders) {
    try {
      // A copy: what one of the user's does to its report must reach neither the other reports nor the exit code.
      const text: unknown = await render(structuredClone(report));
      if (typeof text !== 'string') throw new Error(`it returned ${kindOf(text)} and no text`);
      if (destination.kind === 'stdout') {
        process.stdout.write(name === terminal.name ? `${text}\n` : text);
        continue;
      }
      const path = destination.kind === 'file' ? destination.path : join(folder, destination.fileName);
      if (path === journal)
        throw new Error('that is the journal of the run, from which all reports are made');
      if (written.has(path)) throw new Error('another report of this run is there');
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, text);
      written.add(path);
    } catch (error) {
      const to = destination.kind === 'file' ? ` (${shownPath(destination.path)})` : '';
      failures.push(`the report ${name}${to} could not be made: ${clauseOf(error)}.`);
    }
  }
  return { paths: [...written], failures };
}

/**
 * Under another name first: a full disk or a kill leaves no half of a report, and one that was there before stays. What is
 * no plain file (a pipe, a device, a link) is written as it is.
 */
async function writeWhole(path: string, text: string): Promise<void> {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile()) return writeFile(path, text);
  const unfinished = `${path}.part`;
  try {
    await writeFile(unfinished, text);
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => {});
    throw error;
  }
}

/** From the working folder, where the path is below it. */
export function shownPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith('..') ? path : fromHere || '.';
}

function kindOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a value of type ${typeof value}`;
}

function clauseOf(error: unknown): string {
  return messageOf(error).replace(/\.$/, '');
}

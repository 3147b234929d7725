import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Command, CommanderError } from 'commander';
import { defaultSettings } from '../settings.ts';
import { isWorkflowId } from '../workflow-id.ts';
import { createImportProgress } from './import-progress.ts';
import { databasePath, openDatabase } from './sqlite/database.ts';
import { LogImporter } from './sqlite/log-importer.ts';
import { SqliteStoreError } from './sqlite/sqlite-store-error.ts';

/** Pages in the `-wal` file before they are brought into the database: 32 MiB are fewer waits for the disk than the 4 of SQLite's default. */
const CHECKPOINT_PAGES = 8192;

const examples = `
What is stored already is not read again: run it as often as you like, also while a server uses the database. Ended at any
moment, even by kill -9, it goes on the next time from where it was. Lines that a server would skip are skipped.

Examples:
  $ npm run server -- import                        all of agents/*/events.jsonl into agents/events.db
  $ npm run server -- import --dir /var/lib/agents  another folder
  $ npm run server -- --store sqlite                then serve it`;

interface Log {
  workflowId: string;
  path: string;
  /** What is still to be read. */
  bytes: number;
}

/**
 * Imports all logs of a folder, and tells how far it is on standard error. Resolves with the exit code: 0; 1 where a log could
 * not be imported, the others were; 2 for a wrong command line.
 */
export async function importCommand(argv: readonly string[]): Promise<number> {
  let dir: string;
  try {
    dir = readDir(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return 0;
    return fail(error.message, 2);
  }
  try {
    return await importAll(dir);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return fail(`error: ${error.message}${error instanceof SqliteStoreError ? '' : '; check --dir'}`, 1);
  }
}

function readDir(argv: readonly string[]): string {
  const program = new Command('server import')
    .description(
      'Imports <dir>/<workflow>/events.jsonl of all workflows into <dir>/events.db, for --store sqlite.',
    )
    .option('--dir <folder>', 'folder that holds a folder for each workflow', defaultSettings.dir)
    .addHelpText('after', examples)
    .configureOutput({ writeErr: () => {} }) // whoever catches the error prints it
    .exitOverride();
  program.parse(argv, { from: 'user' });
  return program.opts<{ dir: string }>().dir;
}

async function importAll(dir: string): Promise<number> {
  await stat(dir); // not made: a folder that is missing is a wrong one
  const database = openDatabase({ path: databasePath(dir), isDurable: false });
  database.exec(`PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  try {
    const importer = new LogImporter(database);
    const logs = await findLogs(dir, importer);
    const progress = createImportProgress(logs.reduce((sum, { bytes }) => sum + bytes, 0));
    let exitCode = 0;
    for (const { workflowId, path } of logs) {
      try {
        const log = await importer.import({ workflowId, path, root: dir, onProgress: progress.ofLog() });
        progress.done(log);
      } catch (error) {
        // The others have nothing to do with it. A database that cannot be written is the trouble of all.
        const isOfLog = error instanceof Error && 'code' in error && error.code !== 'ERR_SQLITE_ERROR';
        if (!isOfLog) throw error;
        progress.failed(error as Error);
        exitCode = 1;
      }
    }
    progress.end();
    return exitCode;
  } finally {
    database.close();
  }
}

async function findLogs(dir: string, importer: LogImporter): Promise<Log[]> {
  const logs: Log[] = [];
  for (const workflowId of (await readdir(dir)).filter(isWorkflowId).sort()) {
    const path = join(dir, workflowId, 'events.jsonl');
    const facts = await stat(path).catch(() => null);
    if (facts === null) continue;
    logs.push({ workflowId, path, bytes: Math.max(0, facts.size - importer.storedBytes(workflowId)) });
  }
  return logs;
}

function fail(message: string, exitCode: number): number {
  process.stderr.write(`${message}\n`);
  return exitCode;
}

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../sqlite/database.ts';
import { LogImporter } from '../sqlite/log-importer.ts';

/** Imports logs through a connection of its own, as another process would. Each is done when the call returns. */
export class Imports {
  readonly #database: DatabaseSync;
  readonly #importer: LogImporter;
  readonly #root: string;
  readonly #maxLineBytes: number | undefined;

  constructor(path: string, root: string, maxLineBytes?: number) {
    this.#database = openDatabase({ path, isDurable: false });
    this.#importer = new LogImporter(this.#database);
    this.#root = root;
    this.#maxLineBytes = maxLineBytes;
  }

  add(workflowId: string, path: string): void {
    const file = openSync(path, 'r');
    try {
      const options = { workflowId, path, root: this.#root, maxLineBytes: this.#maxLineBytes };
      const steps = this.#importer.steps(options, fstatSync(file).size);
      let step = steps.next();
      while (!step.done) {
        const { buffer, offset } = step.value;
        step = steps.next(readSync(file, buffer, 0, buffer.length, offset));
      }
    } finally {
      closeSync(file);
    }
  }

  close(): void {
    this.#database.close();
  }
}

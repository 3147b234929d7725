import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Tells when a file may have changed or come into being: watches the file, or while it is missing the nearest folder
 * above it that exists. It is a hint, never a promise: what lies behind a symbolic link or on a network can change in
 * silence.
 */
export class PathWatch {
  readonly #path: string;
  readonly #onHint: () => void;
  readonly #onFailure: (cause: unknown) => void;
  #watcher: FSWatcher | null = null;

  constructor(path: string, onHint: () => void, onFailure: (cause: unknown) => void) {
    this.#path = path;
    this.#onHint = onHint;
    this.#onFailure = onFailure;
  }

  get isActive(): boolean {
    return this.#watcher !== null;
  }

  /** Watches what is there now. Whoever calls it looks at the file afterwards: only then is no change missed. */
  renew(): void {
    const before = this.#watcher;
    this.#watcher = this.#open();
    before?.close();
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }

  #open(): FSWatcher | null {
    let target = this.#path;
    // The next step from the watched folder towards the file; null: the file itself is watched.
    let child: string | null = null;
    for (;;) {
      try {
        return this.#watch(target, child);
      } catch (cause) {
        const isMissing = hasCode(cause, 'ENOENT') || hasCode(cause, 'ENOTDIR');
        if (!isMissing || dirname(target) === target) {
          this.#onFailure(cause);
          return null;
        }
        child = basename(target);
        target = dirname(target);
      }
    }
  }

  #watch(target: string, child: string | null): FSWatcher {
    const watcher = watch(target, { persistent: false }, (_event, name) => {
      // Other files in a busy folder are none of ours. The folder's own name means that it was moved or removed.
      if (child === null || name === null || name === child || name === basename(target)) this.#onHint();
    });
    watcher.on('error', (cause) => {
      watcher.close();
      if (this.#watcher === watcher) this.#watcher = null;
      this.#onFailure(cause);
    });
    return watcher;
  }
}

export function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

import type { ProcessReading, QuietReading } from '../model.ts';

/** What a probe can tell of its target; the same from opening to closing. */
export interface ProbeCapabilities {
  /**
   * What decides on leaks: live bytes after forced collection (`QuietReading.heap`: `usedBytes + arrayBufferBytes`), memory
   * that is no file's (`anonymousBytes`), or, where the system tells no more, resident memory (`rssBytes`).
   */
  level: 'heap' | 'anonymous' | 'rss';
  /** Garbage is collected before a quiet reading. */
  collects: boolean;
  /** `plant` works. */
  plants: boolean;
  /** All processes of the target are read; false: the root process alone. */
  tree: boolean;
  /** Sockets and file descriptors are counted. */
  sockets: boolean;
}

/** All that can be read of one target. */
export interface TargetProbe {
  readonly capabilities: ProbeCapabilities;
  /**
   * For once a second, also under load. `files` false: descriptors and sockets are left out (null), which with tens of thousands of
   * them take longer than all else.
   * @throws HydrotestError `target-lost` when the root process is gone.
   */
  read(options?: { files: boolean }): Promise<ProcessReading>;
  /**
   * A careful reading for quiet moments, collected where possible, and settled: repeated until the level has stopped falling,
   * some 4 s at most. Waits for no socket to close: drain first. Looks for processes that came or went.
   *
   * `heap` is null where `capabilities.level` is not `heap`, and in a reading in which not every Node process of the server
   * could be read: a part is not the whole. `missing` says why.
   * @throws HydrotestError `target-lost` when the root process is gone or does not answer within a minute, `aborted`.
   */
  readQuiet(options: { signal: AbortSignal }): Promise<QuietReading>;
  /** Why the last quiet reading has no heap although `capabilities.level` is `heap`; null: it has one. */
  missing(): string | null;
  /**
   * Keeps `bytes` more alive in the heap of the server's first process: a known leak, as a control. Adds to what was planted before.
   * Exact to some 600 bytes, however often: V8 keeps the script of the last command for a while. At least 96 bytes.
   * @throws HydrotestError `internal` without `capabilities.plants`, `target-lost`, `aborted`.
   */
  plant(bytes: number): Promise<void>;
  /** Lets go of all that was planted; the next quiet reading is without it. Throws as `plant` does. */
  unplant(): Promise<void>;
  /**
   * The processes that the last quiet reading covered, as `pid@startTicks` in the order of pids: the heap's processes, or without a
   * heap the whole tree. Differs after a restart and after a worker was replaced: levels before and after are no series.
   */
  identity(): Promise<string>;
  /** Removes what was planted, closes the inspectors that were opened here, and disconnects. Never rejects. Idempotent. */
  close(): Promise<void>;
}

export interface TargetProbeOptions {
  rootPid: number;
  /** On which the server listens: tells its processes from those above them, such as npm. */
  port: number;
  /** The root leads a process group or session of its own (a spawned target does): its members count as well. */
  includeGroup: boolean;
  /** False: no inspector is asked, not even one that is open already. */
  inspect: boolean;
  /** False: only inspectors that are open already are used; no process is signalled. */
  mayOpen: boolean;
  /** For one reading of the heap, all of its collections included. Default: a minute. */
  readMs?: number;
  /** Ends the opening, not what was opened. */
  signal: AbortSignal;
}

export interface OpenedProbe {
  probe: TargetProbe;
  /**
   * Why there is no heap, or what of the target is not in it and what to do about it, in words. Null: all is read, or no heap was
   * wanted.
   */
  gap: string | null;
}

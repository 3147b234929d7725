export type SocketStates = Record<string, number>;

/** One reading of the target's whole process tree. */
export interface ProcessReading {
  processCount: number;
  rssBytes: number;
  /** The kernel's high-water marks of resident memory, added up over the tree; null where it keeps none. */
  peakRssBytes: number | null;
  cpuMs: number;
  threadCount: number | null;
  fdCount: number | null;
  /** TCP sockets held by the tree, by state in lower case (`established`, `close_wait`, `listen` …). */
  sockets: SocketStates | null;
}

/** A careful reading, taken when the target is quiet. */
export interface QuietReading extends ProcessReading {
  pssBytes: number | null;
  anonymousBytes: number | null;
  /** Live bytes after forced collection: V8 heap plus the backing stores of array buffers; null without a probe. */
  heapBytes: number | null;
  /** False: the reading was still falling when its deadline came. */
  settled: boolean;
}

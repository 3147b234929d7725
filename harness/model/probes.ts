export type SocketStates = Record<string, number>;

/** One reading of the target's whole process tree. */
export interface ProcessReading {
  processCount: number;
  rssBytes: number;
  /** What of the tree is swapped out, and so no part of `rssBytes`; null where that is not told. */
  swapBytes: number | null;
  /** The kernel's high-water marks of resident memory, added up over the tree; null where it keeps none. */
  peakRssBytes: number | null;
  cpuMs: number;
  threadCount: number | null;
  fdCount: number | null;
  /** TCP sockets held by the tree, by state in lower case (`established`, `close_wait`, `listen` …). */
  sockets: SocketStates | null;
}

/** What decides on leaks is `usedBytes + arrayBufferBytes`. */
export interface HeapReading {
  /** Live objects of V8's heap. */
  usedBytes: number;
  /** Backing stores of array buffers and Buffers, which lie outside of the heap. */
  arrayBufferBytes: number;
  /** What V8 knows of other memory that its objects hold, the array buffers included; null where it does not tell. */
  externalBytes: number | null;
  /** How many processes were read. */
  processCount: number;
}

/** A careful reading, taken when the target is quiet, once its sockets are gone: these are not counted again. */
export interface QuietReading extends Omit<ProcessReading, 'sockets'> {
  /** What is swapped out counts in both: it is still the target's. */
  pssBytes: number | null;
  anonymousBytes: number | null;
  /** Live bytes after forced collection, over all Node processes of the target; null without a probe. */
  heap: HeapReading | null;
  /** False: the reading was still falling when its deadline came. */
  settled: boolean;
}

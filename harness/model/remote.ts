/** What a run is going to open, roughly, as far as that is known before it. Where a leak is suspected, paths are measured up to three times. */
export interface ExpectedLoad {
  scenarios: string[];
  /** Streams at once, at the most. */
  streamCount: number;
  /** Connections in all. */
  connectionCount: number;
  /** Short requests: the flood over a full limit, and those to the page. */
  requestCount: number;
}

/** A target that is reached over another address than loopback. */
export interface RemoteTarget {
  /** The addresses to which the hosts of the URLs were resolved, once: nothing else is dialled. */
  addresses: Record<string, string[]>;
  /** Connections a second that are opened to them at the most, by all scenarios and processes together. */
  mostPerSecond: number;
  expected: ExpectedLoad;
}

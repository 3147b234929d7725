/** The clients that meet a bad peer, each by itself in a process. */
export const clientNames = ['raw', 'tab', 'flood'] as const;
export type ClientName = (typeof clientNames)[number];

/** What the process with all servers says once they listen. */
export interface ServersReady {
  /** Of a good event stream, and of a page for short requests. */
  streamUrl: string;
  pageUrl: string;
  /** Route → URL. */
  urls: Record<string, string>;
}

export interface Meeting {
  client: ClientName;
  /** Good, for the warm-up. */
  goodUrl: string;
  url: string;
  /** A client that would go on for ever is ended then. */
  watchMs: number;
}

export interface Met {
  /** How it ended, as `recordLine` and `floodLine` write it. */
  line: string;
  /** The most that a collection left of heap and buffers, less that behind the warm-up. */
  heldBytes: number;
  /** The same of resident memory, with what had not been collected yet. */
  grownBytes: number;
}

/** What the process of the live view tells the one that runs. */
export type FromLive = { type: 'ready'; url: string } | { type: 'failed'; reason: string };

/** The run is over and its journal complete. */
export interface ToLive {
  type: 'ended';
  /** Where the HTML report was written, as shown to people; null: it was not. */
  reportFile: string | null;
}

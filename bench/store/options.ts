export interface StoreBenchOptions {
  /** Where the databases are made. */
  dir: string;
  /** Events of the large workflow. */
  events: number;
  /** Each figure of a comparison is the median of so many. */
  rounds: number;
  /** Processes killed of each kind. */
  kills: number;
  /** Small numbers, to see that everything works: no figures to quote. */
  quick: boolean;
}

/** One part of `docs/benchmarks.md`. */
export interface Section {
  title: string;
  /** The command that measures it again. */
  command: string;
  /** What follows the title: tables, how it was measured, what it cannot tell. */
  markdown: string;
}

export interface SectionOptions {
  /** Each figure is the median of so many rounds. */
  rounds: number;
  /** Small numbers, to see that everything works: no figures to quote. */
  quick: boolean;
  /** Streams that are asked of a client. */
  streams: number;
  /** Folder into which the tools are installed that the project does not depend on. */
  peersDir: string;
}
